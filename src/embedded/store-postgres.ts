import { rm } from 'node:fs/promises';
import path from 'node:path';
import { openDataDirectory, places } from './data-directory.ts';
import { ensureDatabases } from './databases.ts';
import { readIfThere, writePrivate } from './files.ts';
import { holderOf } from './lock.ts';
import { onFreePort, password, undo, urlFor } from './stack.ts';

/** The Postgres of a data directory, for an event store without the product. */
export type StorePostgres = {
  /** The database of the event store, with the password of its login. */
  readonly databaseUrl: string;
  /** Resolves when it has ended for any reason, with a text that tells how. */
  readonly exited: Promise<string>;
  /** Stops it and unlocks the data directory. Safe to repeat. */
  stop(): Promise<void>;
};

/**
 * Starts the Postgres of a data directory, with the database of the event store only. Creates the directory if it does not
 * exist, and locks it. Throws DataDirectoryInUse while another process uses it.
 */
export const startStorePostgres = async (options: {
  readonly dataDir: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<StorePostgres> => {
  const dataDir = path.resolve(options.dataDir);
  const cleanups: (() => Promise<void>)[] = [];
  try {
    cleanups.push((await openDataDirectory(dataDir)).release);
    options.signal.throwIfAborted();
    const secret = (login: string) => password(dataDir, login);
    const postgres = await onFreePort({ ...options, dataDir, secret });
    cleanups.push(postgres.stop);
    const login = { name: 'eventstore', password: await secret('eventstore'), mayCreateRoles: false } as const;
    await ensureDatabases(postgres.url, [login]);
    const databaseUrl = urlFor(postgres, login);
    cleanups.push(() => rm(places(dataDir).storeRuntime, { force: true }));
    await writePrivate(places(dataDir).storeRuntime, `${JSON.stringify({ pid: process.pid, databaseUrl }, null, 2)}\n`);
    let stopped: Promise<void> | undefined;
    return {
      databaseUrl,
      exited: postgres.exited,
      stop: () => {
        stopped ??= undo(cleanups);
        return stopped;
      },
    };
  } catch (error) {
    await undo(cleanups);
    throw error;
  }
};

/** Returns the database of the event store that runs alone on a data directory. Undefined when none does. */
export const readStoreDatabase = async (dataDir: string): Promise<string | undefined> => {
  const { lock, storeRuntime } = places(path.resolve(dataDir));
  const [text, holder] = await Promise.all([readIfThere(storeRuntime), holderOf(lock)]);
  if (text === undefined || holder === undefined) return undefined;
  const { pid, databaseUrl }: { pid?: unknown; databaseUrl?: unknown } = JSON.parse(text);
  return pid === holder ? String(databaseUrl) : undefined;
};
