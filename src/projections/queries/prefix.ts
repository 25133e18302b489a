/**
 * Returns SQL for text that begins with a parameter, in upper or lower case. `column` is in lower case with collation
 * "C". Under row-level security Postgres can read a range from an index, but cannot use an index for `like`.
 */
export const beginsWith = (column: string, parameter: string): string =>
  `${column} >= lower(${parameter}) and ${column} < lower(${parameter}) || U&'\\+10FFFF'`;
