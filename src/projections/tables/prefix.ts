/**
 * SQL for text that begins with a parameter, whatever its case. `column` holds lower case under collation "C": a range of
 * it can be read from an index under row-level security, which `like` could not.
 */
export const beginsWith = (column: string, parameter: string): string =>
  `${column} >= lower(${parameter}) and ${column} < lower(${parameter}) || U&'\\+10FFFF'`;
