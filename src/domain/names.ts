/** The most characters that the name of a thing may have: an organization, an API key, a project, a product, a policy. */
export const nameMax = 200;

/** True for a name that says something and fits: 1 to `nameMax` characters, not only spaces. */
export const isName = (name: string): boolean => name.trim().length > 0 && name.length <= nameMax;

/** The sentence for a caller whose name for `named` (with its article) is none. */
export const nameRule = (named: string): string => `The name of ${named} must have 1 to ${nameMax} characters.`;
