/** Returns the `code` of a system error such as ENOENT, or undefined. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Returns the message of an error, for use inside another sentence. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Thrown for a data directory that cannot hold the data. The message says why and what to do. */
export class UnusableDirectory extends Error {
  override readonly name = 'UnusableDirectory';
}
