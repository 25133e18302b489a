const namesMax = 20;

/**
 * Returns names as a text for a refusal: the first 20, and how many more there are. Returns `none` when there are none.
 */
export const listedNames = (names: readonly string[], none: string): string => {
  if (names.length === 0) return none;
  const first = names.slice(0, namesMax).join(', ');
  return names.length > namesMax ? `${first} and ${names.length - namesMax} more` : first;
};
