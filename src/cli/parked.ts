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
import { createLog } from './log.ts';
import { joinServers } from './server/open-servers.ts';
import { table } from './table.ts';

/** `ledger parked list`: the streams that the read models leave out, and why. */
export const parkedListCommand = ({ json }: { json: boolean }): Promise<void> =>
  withReadModels(async ({ pool, projection }) => {
    const parked = await listParked(pool, projection);
    if (json) console.log(JSON.stringify(parked, bigintAsText, 2));
    else if (parked.length === 0) console.log('No stream is parked.');
    else console.log(table(['stream', 'from revision', 'event', 'parked at', 'error'], parked.map(cells)));
  });

/** `ledger parked replay [stream]`: exit code 0 when every one is up to date again, 1 when one stays parked. */
export const parkedReplayCommand = (stream: string | undefined): Promise<void> =>
  withReadModels(async ({ store, pool, projection }) => {
    const parked = await listParked(pool, projection);
    if (stream === undefined && parked.length === 0) console.log('No stream is parked.');
    for (const each of stream === undefined ? parked.map((one) => one.stream) : [stream]) {
      const replay = await replayParked({ store, pool, projection, statementMs }, each);
      if (replay.outcome !== 'replayed') process.exitCode = 1;
      if (replay.outcome === 'replayed') console.log(`${each}: replayed, its rows are up to date.`);
      if (replay.outcome === 'not_parked') console.log(`${each}: not parked. See ledger parked list.`);
      if (replay.outcome === 'parked') console.log(`${each}: STILL PARKED. ${replay.error}`);
    }
  });

// A stream that was parked for a time-out gets longer when an operator asks for it.
const statementMs = 60_000;
const answerTimeoutMs = 65_000;

type Needs = { readonly store: EventStore; readonly pool: Pool; readonly projection: Projection };

const withReadModels = async (work: (needs: Needs) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const servers = await joinServers(config, (line) => log.debug(line));
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log, answerTimeoutMs });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  try {
    await prepareDatabase({
      url: servers.databaseUrl,
      log: (fields, message) => log.info(fields, message),
    });
    await work({ store, pool, projection: await projectionFor(pool, ownRelease()) });
  } finally {
    await store.close();
    await pool.end();
    await servers.stop();
  }
};

const cells = ({ stream, fromRevision, eventType, parkedAt, error }: ParkedStream): readonly string[] => [
  ...[stream, `${fromRevision}`, eventType, parkedAt.toISOString(), error.replaceAll(/\s+/g, ' ')],
];

const bigintAsText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);
