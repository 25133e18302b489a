import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { ensureStoreEntry } from '../../embedded/certificates/store-entry.ts';
import { DataDirectoryInUse } from '../../embedded/data-directory.ts';
import { eventStoreProgram, launchEventStore } from '../../embedded/event-store-process.ts';
import { startStack } from '../../embedded/stack.ts';
import { startStorePostgres } from '../../embedded/store-postgres.ts';
import { RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { configuredServers, type OpenServers } from '../server/open-servers.ts';
import { noPatience, reachPostgres, reachServers } from '../server/reach-servers.ts';
import { stopBeforeExit } from '../server/stop-before-exit.ts';

/** Writes into the databases before the event store opens its own. */
export type WriteDatabases = (urls: { readonly databaseUrl: string; readonly logUrl: string }) => Promise<void>;

/** What a restore opens. `write`: it restores the log, so no event store may run until it has ended. Null: the log stays. */
type Opening = {
  readonly config: Config;
  readonly log: (line: string) => void;
  readonly write: WriteDatabases | null;
};

/**
 * Lets `write` write the databases, and returns the servers on them. Creates the data of the embedded mode. With servers of
 * the configuration it runs an event store on the restored log, which ends with `stop`. Throws RefusedByPolicy while a server
 * runs on the data directory, and UsageError when the database of the log is not known.
 */
export const openForRestore = async (opening: Opening): Promise<OpenServers> => {
  const opened =
    opening.config.servers.mode === 'embedded' ? await openEmbedded(opening) : await openConfigured(opening);
  const release = stopBeforeExit(opened.stop);
  return { ...opened, stop: () => opened.stop().finally(release) };
};

const openEmbedded = async ({ config: { dataDir }, log, write }: Opening): Promise<OpenServers> => {
  const { databaseUrl, ...stack } = await refusingRunning(() =>
    startStack({ dataDir, log, ...(write && { onDatabases: write }) }),
  );
  const urls = { databaseUrl, apiUrl: databaseUrl, projectorUrl: databaseUrl, workerUrl: databaseUrl };
  return { ...stack, ...urls, embedded: true };
};

const openConfigured = async ({ config, log, write }: Opening): Promise<OpenServers> => {
  const { servers, eventStore } = config;
  if (servers.mode !== 'servers') throw new Error('This is the configuration of the embedded mode.');
  const configured = configuredServers(servers);
  const { databaseUrl } = configured;
  if (write === null) {
    await reachServers(configured, noPatience);
    return configured;
  }
  const logUrl = eventStore.databaseUrl;
  if (logUrl === null)
    throw new UsageError(
      'The backup has the log. Name an empty database for it in LEDGER_EVENTSTORE_DATABASE_URL. Or restore one after the other: --only log with LEDGER_DATA_DIR of ledger eventstore and without DATABASE_URL, then --only postgres.',
    );
  await reachPostgres(configured, noPatience);
  await write({ databaseUrl, logUrl });
  const store = await launchStore(logUrl, log);
  return { ...configured, ...store };
};

/** Runs an event store on the restored log for the time of the command. Its certificate is in a temporary directory. */
const launchStore = async (
  logUrl: string,
  log: (line: string) => void,
): Promise<Pick<OpenServers, 'eventStoreUrl' | 'failed' | 'stop'>> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-restore-'));
  const launched = launchEventStore({ program: eventStoreProgram, log });
  const stop = async () => {
    await launched.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { url, exited } = await launched.serve(logUrl, { migrates: true, entry: await ensureStoreEntry(directory) });
    return { eventStoreUrl: url, failed: exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Lets `write` write the database of the log alone: that of the configuration, or that in the data directory. */
export const withLogDatabase = async (
  { eventStore, dataDir }: Config,
  log: (line: string) => void,
  write: (logUrl: string) => Promise<void>,
): Promise<void> => {
  if (eventStore.databaseUrl !== null) return write(eventStore.databaseUrl);
  const signal = new AbortController().signal;
  const postgres = await refusingRunning(() => startStorePostgres({ dataDir, log, signal }));
  const release = stopBeforeExit(postgres.stop);
  try {
    await write(postgres.databaseUrl);
  } finally {
    await postgres.stop();
    release();
  }
};

const refusingRunning = async <Result>(start: () => Promise<Result>): Promise<Result> => {
  try {
    return await start();
  } catch (error) {
    if (error instanceof DataDirectoryInUse)
      throw new RefusedByPolicy(`${error.message} A restore needs a directory in which none runs.`);
    throw error;
  }
};
