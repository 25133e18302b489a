/**
 * Returns the URL of a file or folder of this package, such as `db/` or `package.json`. It is valid in `src`, and in
 * `dist`, which has all its files in one folder.
 */
export const ownFile = (name: string): URL => new URL(`../${name}`, import.meta.url);
