import { randomBytes } from 'node:crypto';
import { access, chmod, constants, mkdir, open, rm, rmdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorText, UnusableDirectory } from './errors.ts';

/**
 * Refuses a data directory that cannot hold the data, before anything is stored in it. Throws UnusableDirectory with the reason
 * and what to do. Creates the directory (mode 0700) when it may be used, and leaves nothing behind otherwise. `isNew`: no data
 * is in it yet.
 */
export const checkDirectory = (dataDir: string, isNew: boolean): Promise<void> => {
  // Another directory would have an empty ledger.
  const advice = isNew
    ? 'Set LEDGER_DATA_DIR to another one.'
    : 'It has the data of a ledger: mend this, and start again.';
  return check(dataDir, { isNew }).catch(inSentence(`The data directory ${dataDir}`, advice));
};

/**
 * Refuses a directory that a variable names and that cannot hold files. Throws UnusableDirectory with the variable, the
 * reason and what to do. Creates the directory as `checkDirectory` does. `withModes`: its files are secrets.
 */
export const checkNamedDirectory = (
  variable: string,
  directory: string,
  { withModes }: { readonly withModes: boolean },
): Promise<void> =>
  check(directory, { isNew: false, withModes }).catch(
    inSentence(`${variable}: the directory ${directory}`, `Set ${variable} to another one.`),
  );

/** Returns why a directory, which need not exist, cannot hold files, as a part of a sentence. Null: nothing is known against it. */
export const faultOfDirectory = async (directory: string): Promise<string | null> => {
  try {
    const parent = await nearestDirectory(path.resolve(directory));
    await refuseFileSystem(parent, false);
    await access(parent, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
};

const inSentence = (start: string, advice: string) => (error: unknown) => {
  if (!(error instanceof UnusableDirectory)) throw error;
  throw new UnusableDirectory(`${start} cannot be used: ${error.message}. ${advice}`);
};

const check = async (
  dataDir: string,
  { isNew, withModes = true }: { readonly isNew: boolean; readonly withModes?: boolean },
): Promise<void> => {
  if (Buffer.byteLength(dataDir) > pathBytesMax)
    throw unusable(`its path has more than ${pathBytesMax} bytes, which is too long for Postgres`);
  const parent = await nearestDirectory(path.resolve(dataDir));
  await refuseFileSystem(parent, isNew);
  const created: string[] = [];
  try {
    await create(path.resolve(dataDir), parent, created);
    await refuseFaultyFiles(dataDir, withModes);
  } catch (error) {
    // Another process may have put something into one of them.
    for (const directory of created.toReversed()) await rmdir(directory).catch(() => {});
    throw error;
  }
};

const unusable = (why: string): UnusableDirectory => new UnusableDirectory(why);

/** Returns the directory itself, or the nearest one above it that exists. Refuses a file in its place. */
const nearestDirectory = async (dataDir: string): Promise<string> => {
  for (let candidate = dataDir; ; candidate = path.dirname(candidate)) {
    const status = await stat(candidate).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw unusable(reasonOf(error));
    });
    if (status?.isDirectory()) return candidate;
    if (status !== undefined)
      throw unusable(candidate === dataDir ? 'it is a file' : `${candidate} is a file and not a directory`);
  }
};

const refuseFileSystem = async (parent: string, isNew: boolean): Promise<void> => {
  const { type, bsize, blocks, bavail, files, ffree } = await statfs(parent);
  const system = process.platform === 'linux' ? systemsOfKernel.get(type) : undefined;
  if (system !== undefined) throw unusable(`it is in ${system}, which stores no files`);
  // A file system that counts no blocks says nothing about its space.
  if (!isNew || blocks === 0) return;
  const free = bavail * bsize;
  if (free < newDataBytes)
    throw unusable(
      `its disk has ${Math.floor(free / mebibyte)} MiB free, and a first start needs ${newDataBytes / mebibyte} MiB`,
    );
  if (files > 0 && ffree < newFiles)
    throw unusable(`its disk can hold ${ffree} more files, and a first start needs ${newFiles}`);
};

/**
 * Creates the directory and those above it below `parent`, and adds each to `created`. One after the other, because Node
 * reports a read-only disk as a missing directory when it creates all of them.
 */
const create = async (dataDir: string, parent: string, created: string[]): Promise<void> => {
  let directory = parent;
  for (const name of path
    .relative(parent, dataDir)
    .split(path.sep)
    .filter((part) => part !== '')) {
    directory = path.join(directory, name);
    try {
      await mkdir(directory, { mode: 0o700 });
      created.push(directory);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw unusable(`it cannot be created in ${parent}: ${reasonOf(error)}`);
    }
  }
};

/** Writes a file. `withModes`: also changes its mode and reads it, because some file systems accept that and do nothing. */
const refuseFaultyFiles = async (dataDir: string, withModes: boolean): Promise<void> => {
  const probe = path.join(dataDir, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(probe, 'wx', 0o600);
    try {
      await handle.writeFile(Buffer.alloc(probeBytes, 1));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (process.platform === 'win32' || !withModes) return;
    await chmod(probe, 0o640);
    const changed = (await stat(probe)).mode & 0o777;
    await chmod(probe, 0o600);
    const restored = (await stat(probe)).mode & 0o777;
    if (changed !== 0o640 || restored !== 0o600)
      throw unusable('its file system does not store who may read a file, as FAT and some network drives');
  } catch (error) {
    if (error instanceof UnusableDirectory) throw error;
    throw unusable(`a file in it cannot be written: ${reasonOf(error)}`);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
};

const reasonOf = (error: unknown): string => {
  const code = errorCode(error) ?? '';
  return reasons[code] ?? errorText(error);
};

const reasons: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the user is used up',
  EACCES: 'this user has no right to write there',
  EPERM: 'this user has no right to write there',
  ENAMETOOLONG: 'a name in its path is too long',
};

const mebibyte = 1_048_576;
// A new cluster with its log and two databases takes about 90 MiB and 2,500 files.
const newDataBytes = 200 * mebibyte;
const newFiles = 5_000;
const probeBytes = 8_192;
// Postgres refuses paths from 1,024 bytes on, and its own names take up to 200 of them.
const pathBytesMax = 800;

// File systems that the kernel makes up, by the number that statfs reports on Linux.
const systemsOfKernel: ReadonlyMap<number, string> = new Map([
  [0x00009fa0, 'the file system proc'],
  [0x62656572, 'the file system sysfs'],
  [0x00001cd1, 'the file system devpts'],
  [0x0027e0eb, 'the file system cgroup'],
  [0x63677270, 'the file system cgroup'],
  [0x64626720, 'the file system debugfs'],
  [0x74726163, 'the file system tracefs'],
  [0x73636673, 'the file system securityfs'],
]);
