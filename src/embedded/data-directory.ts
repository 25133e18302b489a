import { chmod, readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { vacate } from './cluster.ts';
import { checkDirectory } from './directory-check.ts';
import { errorCode, errorText, UnusableDirectory } from './errors.ts';
import { readIfThere, writePrivate } from './files.ts';
import { holderOf, type Lock, tryLock } from './lock.ts';

/** Returns the paths of the files and folders in a data directory. */
export const places = (dataDir: string) => ({
  marker: path.join(dataDir, 'ledger-data'),
  locks: path.join(dataDir, 'locks'),
  lock: path.join(dataDir, 'locks', 'data'),
  runtime: path.join(dataDir, 'runtime.json'),
  storeRuntime: path.join(dataDir, 'eventstore.json'),
  storeUrl: path.join(dataDir, 'eventstore-url'),
  postgres: path.join(dataDir, 'postgres'),
  logs: path.join(dataDir, 'logs'),
});

/** A running stack: its process, and the URLs of the servers that it started. */
export type Runtime = {
  readonly pid: number;
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
};

/**
 * Creates the data directory (mode 0700), or checks that an existing one is ours. Locks it against a second start. Throws
 * UnusableDirectory, and changes nothing, when it cannot hold the data or contains other files.
 */
export const openDataDirectory = async (dataDir: string): Promise<Lock> => {
  const names = await namesIn(dataDir);
  await checkDirectory(dataDir, !names.includes('postgres'));
  // The group may have the right to enter, because Postgres may run as nobody and must reach its data.
  if (((await stat(dataDir)).mode & 0o067) !== 0) await chmod(dataDir, 0o700);
  const lock = await lockDirectory(dataDir);
  // In a container, process ids repeat. So the file of a killed stack could be taken for that of this one.
  await rm(places(dataDir).runtime, { force: true });
  await rm(places(dataDir).storeRuntime, { force: true });
  if (!(await isMarked(dataDir))) {
    await writePrivate(
      places(dataDir).marker,
      'License Ledger stores its embedded data here; ledger reset removes it.\n',
    );
  }
  return lock;
};

/**
 * Returns the names in a data directory. Returns none when it does not exist. Throws UnusableDirectory, and changes
 * nothing, when it cannot be read or contains other files and is not ours.
 */
export const namesIn = async (dataDir: string): Promise<readonly string[]> => {
  const names = await readdir(dataDir).catch((error: unknown): string[] => {
    // The check below says what is wrong.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error) ?? '')) return [];
    throw new UnusableDirectory(`Cannot read ${dataDir}: ${errorText(error)}. Set LEDGER_DATA_DIR to another one.`);
  });
  const foreign = names.includes('ledger-data') ? [] : names.filter(isForeign);
  if (foreign.length > 0) {
    throw new UnusableDirectory(
      `${dataDir} contains other files (${foreign.slice(0, 3).join(', ')}). Set LEDGER_DATA_DIR to a directory of its own.`,
    );
  }
  return names;
};

/** Thrown when another process uses a data directory. `holder`: its process id. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
  readonly holder: number;
  constructor(dataDir: string, holder: number) {
    super(`A ledger is already running on ${dataDir} (process ${holder}). Stop it, or set LEDGER_DATA_DIR.`);
    this.holder = holder;
  }
}

/** Locks an existing data directory, and changes nothing else. Throws DataDirectoryInUse when another process uses it. */
export const lockDataDirectory = async (dataDir: string): Promise<Lock> => {
  const lock = await lockDirectory(dataDir);
  await rm(places(dataDir).runtime, { force: true });
  return lock;
};

/** Writes the file that tells other commands how to reach the stack of this process. */
export const writeRuntime = (dataDir: string, runtime: Runtime): Promise<void> =>
  writePrivate(places(dataDir).runtime, `${JSON.stringify(runtime, null, 2)}\n`);

/**
 * Returns how to reach the stack that runs on this data directory. Undefined when none runs or it is still starting.
 */
export const readRuntime = async (dataDir: string): Promise<Runtime | undefined> => {
  const { lock, runtime } = places(path.resolve(dataDir));
  const [text, holder] = await Promise.all([readIfThere(runtime), holderOf(lock)]);
  if (text === undefined || holder === undefined) return undefined;
  const { pid, databaseUrl, eventStoreUrl, startedAt }: Partial<Record<keyof Runtime, unknown>> = JSON.parse(text);
  if (pid !== holder) return undefined;
  return {
    pid: holder,
    databaseUrl: String(databaseUrl),
    eventStoreUrl: String(eventStoreUrl),
    startedAt: String(startedAt),
  };
};

/**
 * Deletes all data of the ledger in the data directory, and the directory itself unless it contains other files. Throws
 * when a stack runs on it, and when the directory is not a data directory of the ledger.
 */
export const resetData = async (dataDir: string): Promise<void> => {
  const directory = path.resolve(dataDir);
  const names = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw new Error(`Cannot read ${directory}: ${errorText(error)}`);
  });
  if (names.length === 0) return;
  if (!(await isMarked(directory))) {
    throw new Error(
      `${directory} is not a data directory of License Ledger: it has no file ledger-data. Nothing was removed.`,
    );
  }
  const lock = await lockDirectory(directory);
  try {
    await vacate(places(directory).postgres);
    // The marker is removed last, so that an interrupted reset can be repeated.
    const last = ['locks', 'ledger-data'];
    const ours = (await readdir(directory)).filter((name) => !isForeign(name) && !last.includes(name));
    for (const name of ours) await rm(path.join(directory, name), { recursive: true, force: true });
    await rm(places(directory).marker, { force: true });
  } catch (error) {
    await lock.release();
    throw error;
  }
  await rm(places(directory).locks, { recursive: true, force: true });
  await rmdir(directory).catch(() => {});
};

const ourNames =
  /^(ledger-data|locks|runtime\.json|secrets\.json|demo\.json|keys|logs|outbox|tls|eventstore|eventstore-url|postgres|postgres-programs)(\..+)?$/;

/** Returns true for a file of another program. Hidden files and folders of the file system do not count. */
const isForeign = (name: string): boolean => !ourNames.test(name) && name !== 'lost+found' && !name.startsWith('.');

const isMarked = async (dataDir: string): Promise<boolean> => (await readIfThere(places(dataDir).marker)) !== undefined;

const lockDirectory = async (dataDir: string): Promise<Lock> => {
  const lock = await tryLock(places(dataDir).lock);
  if (lock.isAcquired) return lock;
  throw new DataDirectoryInUse(dataDir, lock.holder);
};
