import type pg from 'pg';
import { type Config, loadConfig } from '../../config.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { storeVersion } from '../../eventstore/server-facts.ts';
import { exitCodes } from '../exit-codes.ts';
import { freeBytesOf } from '../health/check-disk.ts';
import { type FoundServers, findServers } from '../server/find-servers.ts';
import { isRefusal } from '../server/reach-servers.ts';
import { problemsOfStatus } from './judge-status.ts';
import { statusText } from './print-status.ts';
import { readLag, readPostgresFacts } from './read-status.ts';
import { connectReading, isMigrated } from './reading-connection.ts';
import type { StatusFacts } from './status-facts.ts';
import { readStoreAccess } from './store-access-facts.ts';

/**
 * `ledger status`: prints what runs where, versions, lag, parked streams, the last verification and the last rebuild.
 * Starts, creates and changes nothing. Exits with 0 when all is well, 1 when something needs an operator, and 2 when
 * Postgres refuses the login. Exits with 4 when a server does not answer or is stopped, and 6 when there is no ledger.
 */
export const statusCommand = async ({ json }: { readonly json: boolean }): Promise<void> => {
  const { status, exitCode, text, facts, problems } = await readStatus();
  if (json) console.log(JSON.stringify({ status, ...facts, problems }, null, 2));
  else console.log(text);
  process.exitCode = exitCode;
};

type Answer = {
  readonly status: 'ok' | 'degraded' | 'unreachable' | 'nothing';
  readonly exitCode: number;
  readonly text: string;
  readonly facts?: StatusFacts;
  readonly problems: readonly string[];
};

const readStatus = async (): Promise<Answer> => {
  const config = loadConfig();
  const located = await findServers(config);
  if (located.kind !== 'reachable') return notRunning(located.kind, config.dataDir);
  let db: pg.Client;
  try {
    db = await connectReading(located.servers.databaseUrl, 'ledger-status');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const where = located.mode === 'servers' ? 'DATABASE_URL' : 'the running server';
    return isRefusal(error)
      ? { ...unreachable(`Postgres refuses the connection: ${why}. Check ${where}.`), exitCode: exitCodes.usage }
      : unreachable(`Postgres does not answer: ${why}. Check ${where}.`);
  }
  try {
    if (!(await isMigrated(db)))
      // The server tells how to reach its databases before it migrates them.
      return located.mode === 'embedded'
        ? notRunning('starting', config.dataDir)
        : nothing('Postgres answers, and its database has no ledger yet. Run ledger start.');
    return await statusOf(db, located, config);
  } finally {
    await db.end();
  }
};

const notRunning = (kind: 'stopped' | 'starting' | 'nothing', dataDir: string): Answer => {
  if (kind === 'nothing') return nothing(`There is no ledger in ${dataDir}. Run ledger start, or set LEDGER_DATA_DIR.`);
  if (kind === 'starting') return unreachable(`The ledger in ${dataDir} is starting or stopping. Try again.`);
  return unreachable(`The ledger in ${dataDir} is stopped. Run ledger start.`);
};

const statusOf = async (
  db: pg.Client,
  { mode, servers: { eventStoreUrl } }: Extract<FoundServers, { kind: 'reachable' }>,
  config: Config,
): Promise<Answer> => {
  const { checkpoint, ...fromPostgres } = await readPostgresFacts(db);
  const store = connectEventStore({ url: eventStoreUrl });
  const lag = await readLag(store, checkpoint ?? 'start', { now: new Date() }).then(
    (measured) => ({ measured, answers: true }),
    () => ({ measured: null, answers: false }),
  );
  await store.close();
  const version = lag.answers ? await storeVersion(eventStoreUrl, 2_000) : null;
  const facts: StatusFacts = {
    mode,
    ...fromPostgres,
    eventStore: { version, answers: lag.answers, access: await readStoreAccess(config, eventStoreUrl) },
    freeBytes: mode === 'embedded' ? await freeBytesOf(config.dataDir) : null,
    lag: fromPostgres.readModels?.isOfThisRelease === true ? lag.measured : null,
  };
  const problems = problemsOfStatus(facts);
  const text = statusText(facts, problems);
  if (!lag.answers) return { status: 'unreachable', exitCode: exitCodes.unreachable, text, facts, problems };
  if (problems.length > 0) return { status: 'degraded', exitCode: exitCodes.failed, text, facts, problems };
  return { status: 'ok', exitCode: exitCodes.fine, text, facts, problems };
};

const nothing = (text: string): Answer => ({
  status: 'nothing',
  exitCode: exitCodes.nothingToCheck,
  text,
  problems: [text],
});
const unreachable = (text: string): Answer => ({
  status: 'unreachable',
  exitCode: exitCodes.unreachable,
  text,
  problems: [text],
});
