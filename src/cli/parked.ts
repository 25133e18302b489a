import type { Pool } from 'pg';
import { loadConfig } from '../config.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import type { Projection } from '../projections/checkpoint.ts';
import { createPool } from '../projections/connect.ts';
import { projectionFor } from '../projections/level.ts';
import { listParked, type ParkedStream } from '../projections/parked.ts';
import { prepareDatabase } from '../projections/prepare-database.ts';
import { ownRelease } from '../projections/release.ts';
import { replayParked } from '../projections/replay-parked.ts';
import { createLog } from './create-log.ts';
import { exitCodes } from './exit-codes.ts';
import { jsonText } from './output/print-result.ts';
import { openCommandServers, otherSchema } from './server/command-servers.ts';
import { isAdoptedBy, otherLog, servedLog } from './server/require-open-log.ts';
import { table } from './table.ts';

/** `ledger parked list`: prints the streams that the read models leave out, and why. */
export const parkedListCommand = ({ json }: { json: boolean }): Promise<void> =>
  listing(async ({ pool, projection }) => {
    const parked = await listParked(pool, projection);
    if (json) console.log(jsonText(parked));
    else if (parked.length === 0) console.log('No stream is parked.');
    else console.log(table(['stream', 'from revision', 'event', 'parked at', 'error'], parked.map(cells)));
  });

/**
 * `ledger parked replay [stream]`: replays parked streams. Exits with 0 when all are up to date, and with 1 when one
 * stays parked.
 */
export const parkedReplayCommand = (stream: string | undefined, { json }: { json: boolean }): Promise<void> =>
  withReadModels(async ({ store, pool, projection }) => {
    const parked = await listParked(pool, projection);
    const replays: object[] = [];
    if (stream === undefined && parked.length === 0 && !json) console.log('No stream is parked.');
    const names = stream === undefined ? parked.map((row) => row.stream) : [stream];
    for (const name of names) {
      const replay = await replayParked({ store, pool, projection, statementMs }, name);
      const wasReplayedMeanwhile = replay.outcome === 'not_parked' && stream === undefined;
      const isLevel = replay.outcome === 'replayed' || replay.outcome === 'set_aside' || wasReplayedMeanwhile;
      if (!isLevel) process.exitCode = exitCodes.failed;
      replays.push({ stream: name, ...replay });
      if (json) continue;
      if (replay.outcome === 'replayed') console.log(`${name}: replayed. Its rows are up to date.`);
      if (wasReplayedMeanwhile) console.log(`${name}: no longer parked. Another command or process has replayed it.`);
      else if (replay.outcome === 'not_parked') console.log(`${name}: not parked. See ledger parked list.`);
      if (replay.outcome === 'set_aside')
        console.log(`${name}: changes many rows. The projectors bring it in themselves.`);
      if (replay.outcome === 'parked') console.log(`${name}: STILL PARKED. ${replay.error}`);
    }
    if (json) console.log(jsonText(replays));
  });

// A replay by an operator has a longer timeout than the projector, which may have parked the stream for a timeout.
const statementMs = 60_000;
const answerTimeoutMs = 65_000;

type Needs = { readonly store: EventStore; readonly pool: Pool; readonly projection: Projection };

/** Runs `list` and changes nothing. */
const listing = async (list: (needs: Pick<Needs, 'pool' | 'projection'>) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'READ');
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log });
  try {
    const other = otherSchema(servers.schema);
    if (other !== null) throw new Error(other);
    await list({ pool, projection: await projectionFor(pool, ownRelease()) });
  } finally {
    await pool.end();
    await servers.stop();
  }
};

const withReadModels = async (work: (needs: Needs) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'CHANGE');
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log, answerTimeoutMs });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  try {
    const logId = await servedLog(store);
    await prepareDatabase({
      url: servers.databaseUrl,
      log: (fields, message) => log.info(fields, message),
    });
    // Events of another log do not belong into these rows.
    if (!(await isAdoptedBy(servers.databaseUrl, logId))) throw otherLog();
    await work({ store, pool, projection: await projectionFor(pool, ownRelease()) });
  } finally {
    await store.close();
    await pool.end();
    await servers.stop();
  }
};

const cells = ({ stream, fromRevision, eventType, parkedAt, error }: ParkedStream): readonly string[] => [
  stream,
  `${fromRevision}`,
  eventType,
  parkedAt.toISOString(),
  error.replaceAll(/\s+/g, ' '),
];
