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
import { isTaken, postgresOn } from './process-table.ts';
import { chooseGuard, run, type User } from './run.ts';
import type { RunAs } from './run-as.ts';

const version = '18';

export type Cluster = { readonly dataDir: string; readonly password: string; readonly durable: boolean };

/** Makes the data directory if it is not there yet, and refuses one this Postgres cannot use. */
export const prepareCluster = async (cluster: Cluster, runAs: RunAs): Promise<void> => {
  // Also where the directory is whole: a start may have been killed just after it was moved into place.
  await removeUnfinished(cluster.dataDir);
  const found = await entriesOf(cluster.dataDir);
  if (found.length === 0) return initialize(cluster, runAs);
  if (!found.includes('PG_VERSION')) {
    throw new Error(
      `${cluster.dataDir} is not empty and not a Postgres data directory. Move it away, or use another directory.`,
    );
  }
  const made = (await readFile(path.join(cluster.dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (made !== version) {
    throw new Error(
      `${cluster.dataDir} was made by Postgres ${made || '(no version)'}; this is Postgres ${version}. ` +
        'Start with the release that made it, or with another LEDGER_DATA_DIR.',
    );
  }
  await own(cluster.dataDir, runAs.owner);
};

/**
 * Returns when no Postgres works in the data directory any more. The children of a killed parent are given a few seconds
 * to shut down. What a crash left of the pid file stays for Postgres to judge, unless another program has that pid now:
 * Postgres would take that program for itself.
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

/** The process id of a Postgres that takes connections; `left` is the pid file of an earlier one, which says nothing. */
export const readyPid = async (dataDir: string, left: string): Promise<number | undefined> => {
  const text = await pidFile(dataDir);
  const lines = text.split('\n');
  return text !== left && lines[7]?.trim() === 'ready' ? Number(lines[0]) : undefined;
};

// Made beside and moved into place: a directory that has its name is a whole one, however often this was interrupted.
const initialize = async ({ dataDir, password, durable }: Cluster, runAs: RunAs): Promise<void> => {
  const unfinished = await mkdtemp(`${dataDir}.unfinished-`);
  const passwordFile = path.join(unfinished, 'password');
  const made = path.join(unfinished, 'data');
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    await mkdir(made, { mode: 0o700 });
    await own(unfinished, runAs.owner);
    const guard = await chooseGuard();
    const prefix = guard.readsStdin ? runAs.prefix : [...runAs.prefix, ...guard.prefix];
    await run({ ...runAs, prefix }, executable(runAs.native, 'initdb'), [
      ...['-D', made, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
    ]);
    await rmdir(dataDir).catch(ignoreAbsence);
    await rename(made, dataDir);
  } catch (error) {
    throw new Error(`Could not make the Postgres data directory ${dataDir}: ${errorText(error)}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};

const removeUnfinished = async (dataDir: string): Promise<void> => {
  const parent = path.dirname(dataDir);
  const left = (await readdir(parent)).filter((name) => name.startsWith(`${path.basename(dataDir)}.unfinished-`));
  await Promise.all(left.map((name) => rm(path.join(parent, name), { recursive: true, force: true })));
};

/** Postgres wants to own its data; who that is changes when it is started as root once and as somebody else later. */
const own = async (dir: string, owner: User | undefined): Promise<void> => {
  const me = process.getuid?.();
  if (me === undefined) return;
  const wanted = owner ?? { uid: me, gid: process.getgid?.() ?? 0 };
  const { uid } = await stat(dir);
  if (uid === wanted.uid >>> 0) return;
  if (me !== 0) {
    throw new Error(
      `${dir} belongs to the user with id ${uid}, and this is user ${me}. Start as that user, or chown -R it.`,
    );
  }
  for (const name of await readdir(dir, { recursive: true }))
    await lchown(path.join(dir, name), wanted.uid, wanted.gid);
  await chown(dir, wanted.uid, wanted.gid);
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
