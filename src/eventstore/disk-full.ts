/**
 * Returns true when an error, or one that caused it, says that a disk is full. Servers tell it only in the text of an
 * error.
 */
export const saysDiskFull = (error: unknown): boolean =>
  error instanceof Error && (fullDisk.test(error.message) || saysDiskFull(error.cause));

// The texts of Linux, of Windows and of quotas, which Postgres and the event store pass on.
const fullDisk = /no space left on device|not enough space on the disk|disk (?:is )?full|disk quota exceeded/i;
