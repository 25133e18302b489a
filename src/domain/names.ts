/**
 * The most characters that the name of a thing may have: an organization, an API key, a project, a product, a policy.
 */
export const nameMax = 200;

/** Returns true for a name of 1 to `nameMax` characters that are not only spaces. */
export const isName = (name: string): boolean => name.trim().length > 0 && name.length <= nameMax;

/** Returns the refusal of an invalid name. `subject` has its article, such as `an API key`. */
export const nameRule = (subject: string): string => `The name of ${subject} must have 1 to ${nameMax} characters.`;

/** The pattern of a product's code. Codes are compared exactly. */
export const productCodePattern = /^[a-z][a-z0-9_-]{1,39}$/;
