/** Returns the `code` of a system error such as ENOENT, or undefined. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Returns the message of an error, for use inside another sentence. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Thrown when there are no data to work with. The message names the place and says how to name the right one. */
export class NoData extends Error {
  override readonly name = 'NoData';
}

/** Thrown for a data directory that cannot hold the data. The message says why and what to do. */
export class UnusableDirectory extends Error {
  override readonly name = 'UnusableDirectory';
}
