/** Adds a value to a statement and returns its parameter. */
type Parameter = (value: unknown) => string;

/** How the rows `x` of `vault.license_metadata_values` match the value of a filter. */
export type MetadataValue = {
  /** Returns the condition on the rows. It does not name the organization. */
  readonly condition: (parameter: Parameter) => string;
  /** True: all rows that match have the same value, so that they are in the order of lists. */
  readonly isOneValue: boolean;
};

/**
 * Returns how rows match a value: the text, number or truth value that reads like it, and the number that it is. So 1e3
 * finds the number 1000 and the text 1e3, but not the text 1000.
 */
export const metadataValue = (value: string): MetadataValue => {
  const number = storedNumber(value);
  // Postgres writes out what JavaScript writes with an exponent.
  if (number === null || (number === value && !number.includes('e')))
    return { condition: (parameter) => `x.value = ${parameter(value)}`, isOneValue: true };
  return {
    condition: (parameter) => {
      const text = parameter(value);
      return `x.value = any(array[${text}, ${parameter(number)}::jsonb #>> '{}']) and (x.value = ${text} or ${isNumber})`;
    },
    isOneValue: false,
  };
};

const isNumber = `(select jsonb_typeof(m.metadata -> x.name) = 'number' from vault.license_metadata m
  where m.license_id = x.license_id)`;

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Returns a number as the server stores it, which has about 16 digits; null for a text that is no JSON number. */
const storedNumber = (value: string): string | null => {
  const number = numberPattern.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? JSON.stringify(number) : null;
};
