import { statfs } from 'node:fs/promises';

/** With less free space on the disk of the data directory a process is degraded. In bytes. */
export const freeBytesMin = 256 * 1024 * 1024;

/** Returns the free bytes on the disk of a directory for this user, or null when they cannot be read. */
export const freeBytesOf = async (directory: string): Promise<number | null> => {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
};

/** What is known of the disks that the process depends on. */
export type DiskFacts = {
  /** Of the data directory of the embedded servers, or null. */
  readonly freeBytes: number | null;
  readonly isEventStoreFull: boolean;
  /** The code of the last failure to write to Postgres, or null. */
  readonly postgresFailure: string | null;
};

/** Returns what is wrong with the disks, or null. */
export const diskFault = ({ freeBytes, isEventStoreFull, postgresFailure }: DiskFacts): string | null => {
  const reasons = [
    ...(isEventStoreFull ? ['The disk of the event store is full, and commands fail. Free space on it.'] : []),
    ...(postgresFailure === null ? [] : [writeFaults[postgresFailure] ?? []].flat()),
    ...(freeBytes === null || freeBytes >= freeBytesMin
      ? []
      : [`The disk of LEDGER_DATA_DIR has only ${Math.floor(freeBytes / 1024 / 1024)} MiB left. Free space on it.`]),
  ];
  return reasons.length === 0 ? null : reasons.join(' ');
};

// By SQLSTATE: disk_full, io_error, read_only_sql_transaction.
const writeFaults: Readonly<Record<string, string>> = {
  53100: 'The disk of Postgres is full, and commands fail. Free space on it.',
  58030: 'The disk of Postgres fails. Repair it.',
  25006: 'Postgres accepts no writes. Connect to its primary server, or let its provider allow writes.',
};
