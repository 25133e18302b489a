import {
  chown,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executable } from './binaries.ts';
import { errorCode, errorText } from './errors.ts';
import { chooseGuard } from './guard.ts';
import { isTaken, postgresOn } from './process-table.ts';
import type { RunAs } from './run-as.ts';
import { run, type User } from './run-program.ts';

const version = '18';

/** A Postgres data directory. `durable` false, for tests: a crash of the machine may lose its data. */
export type Cluster = {
  readonly dataDir: string;
  readonly password: string;
  readonly durable: boolean;
  /** Called when a program of Postgres runs, and this process has nothing to do until it ends. */
  readonly onIdle?: () => void;
};

/** Creates the data directory if it does not exist. Throws when this Postgres cannot use the existing one. */
export const prepareCluster = async (cluster: Cluster, runAs: RunAs): Promise<void> => {
  // A start may have been killed right after the rename, so this is necessary for a complete directory as well.
  await removeUnfinished(cluster.dataDir);
  const entries = await entriesOf(cluster.dataDir);
  if (entries.length === 0) return initialize(cluster, runAs);
  if (!entries.includes('PG_VERSION')) {
    throw new Error(
      `${cluster.dataDir} is not empty and not a Postgres data directory. Move it away, or use another directory.`,
    );
  }
  const dataVersion = (await readFile(path.join(cluster.dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (dataVersion !== version) {
    throw new Error(
      `${cluster.dataDir} was created by Postgres ${dataVersion || '(no version)'}; this is Postgres ${version}. ` +
        'Start the release that created it, or set another LEDGER_DATA_DIR.',
    );
  }
  await own(cluster.dataDir, runAs.owner);
};

/**
 * Waits until no Postgres runs on the data directory. The children of a killed parent get a few seconds to shut down;
 * throws when one still runs after `patienceMs`. The pid file of a crash stays, because Postgres handles it. It is
 * removed only when another program has that pid now, because Postgres would take that program for itself.
 */
export const vacate = async (dataDir: string, patienceMs = 10_000): Promise<{ readonly left: string }> => {
  const file = path.join(dataDir, 'postmaster.pid');
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const left = await pidFile(dataDir);
    if (left === '') return { left };
    const pid = Number.parseInt(left, 10);
    const running = await postgresOn(dataDir, pid);
    if (running.length === 0) {
      if (isTaken(pid)) await unlink(file).catch(ignoreAbsence);
      return { left };
    }
    if (Date.now() > deadline) {
      throw new Error(`Postgres (process ${running[0]}) is already running on ${dataDir}. Stop it first.`);
    }
    await sleep(20);
  }
};

/** Returns the process id of a Postgres that accepts connections. `left`: the pid file of an earlier one, to ignore. */
export const readyPid = async (dataDir: string, left: string): Promise<number | undefined> => {
  const text = await pidFile(dataDir);
  const lines = text.split('\n');
  return text !== left && lines[7]?.trim() === 'ready' ? Number(lines[0]) : undefined;
};

// The directory is built in a temporary directory and then renamed, so it is always complete.
const initialize = async ({ dataDir, password, durable, onIdle }: Cluster, runAs: RunAs): Promise<void> => {
  const unfinished = await mkdtemp(`${dataDir}.unfinished-`);
  const passwordFile = path.join(unfinished, 'password');
  const newDataDir = path.join(unfinished, 'data');
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    await mkdir(newDataDir, { mode: 0o700 });
    await own(unfinished, runAs.owner);
    const guard = await chooseGuard();
    const prefix = guard.readsStdin ? runAs.prefix : [...runAs.prefix, ...guard.prefix];
    const created = run({ ...runAs, prefix }, executable(runAs.native, 'initdb'), [
      '-D',
      newDataDir,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ]);
    onIdle?.();
    await created;
    await rmdir(dataDir).catch(ignoreAbsence);
    await rename(newDataDir, dataDir);
  } catch (error) {
    throw new Error(`Could not create the Postgres data directory ${dataDir}: ${errorText(error)}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};

const removeUnfinished = async (dataDir: string): Promise<void> => {
  const parent = path.dirname(dataDir);
  const left = (await readdir(parent)).filter((name) => name.startsWith(`${path.basename(dataDir)}.unfinished-`));
  await Promise.all(left.map((name) => rm(path.join(parent, name), { recursive: true, force: true })));
};

/**
 * Makes `owner` the owner of the directory, because Postgres must own its data. The owner changes when Postgres is
 * started first as root and later as another user.
 */
const own = async (dir: string, owner: User | undefined): Promise<void> => {
  const me = process.getuid?.();
  if (me === undefined) return;
  const user = owner ?? { uid: me, gid: process.getgid?.() ?? 0 };
  const { uid } = await stat(dir);
  if (uid === user.uid >>> 0) return;
  if (me !== 0) {
    throw new Error(
      `${dir} belongs to the user with id ${uid}, and this is user ${me}. Start as that user, or chown -R it.`,
    );
  }
  for (const name of await readdir(dir, { recursive: true })) await lchown(path.join(dir, name), user.uid, user.gid);
  await chown(dir, user.uid, user.gid);
};

const entriesOf = async (dir: string): Promise<string[]> =>
  readdir(dir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw new Error(`Cannot read ${dir}: ${errorText(error)}`);
  });

const pidFile = async (dataDir: string): Promise<string> =>
  (await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(ignoreAbsence)) ?? '';

const ignoreAbsence = (error: unknown): undefined => {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
};
