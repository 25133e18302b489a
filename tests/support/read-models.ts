import type { Pool } from 'pg';
import pg from 'pg';
import { inject } from 'vitest';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import type { Log } from '../../src/postgres/log.ts';
import { applyBatch } from '../../src/projections/apply.ts';
import { type Projection, readCheckpoint } from '../../src/projections/checkpoint.ts';
import { createPool } from '../../src/projections/connect.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import type { Verdict } from '../../src/projections/verify/verify-verdict.ts';
import { activeProjection } from '../../src/projections/versions.ts';
import { createDatabase } from './database.ts';

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The read models of a database that was just migrated for the first time. */
export const readModels: Projection = { name: 'read-models', version: 1 };

/**
 * A copy of the migrated database and a pool per role. `superuser` sees everything: row-level security does not bind it.
 * `loader` is the same with the schema of the read models, as a rebuild writes them.
 */
export const createReadModels = async ({ apiConnections = 8 }: { readonly apiConnections?: number } = {}) => {
  const database = await createDatabase(inject('migratedDatabase'));
  const pool = (role: 'ledger_api' | 'ledger_projector' | 'ledger_worker', max = 8) =>
    createPool({ url: database.url, role, max, log: quiet });
  const pools = {
    api: pool('ledger_api', apiConnections),
    projector: pool('ledger_projector'),
    worker: pool('ledger_worker'),
  };
  const superuser = new pg.Pool({ connectionString: database.url, max: 4 });
  const loader = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=rm' });
  // A test that ends Postgres sessions ends idle ones too.
  for (const each of [superuser, loader]) each.on('error', () => {});
  return {
    url: database.url,
    ...pools,
    superuser,
    loader,
    drop: async () => {
      await Promise.all([superuser, loader, ...Object.values(pools)].map((each) => each.end()));
      await database.drop();
    },
  };
};

/** Lets Postgres carry out PL/pgSQL before it makes an index again of a version that is being built. */
export const atEachIndex = async (superuser: Pool, body: string): Promise<void> => {
  await superuser.query(`create function public.at_each_index() returns event_trigger language plpgsql security definer
    as $$ begin if exists (select from ops.projection_versions where state = 'building') then ${body} end if; end $$`);
  await superuser.query(`create event trigger at_each_index on ddl_command_start when tag in ('CREATE INDEX')
    execute function public.at_each_index()`);
};

/** Brings a log into the read models in batches of one size, from where they are. Returns how many batches it took. */
export const project = async (pool: Pool, log: readonly Recorded[], batchSize = 500): Promise<number> => {
  const projection = await activeProjection(pool);
  let { position } = await readCheckpoint(pool, projection);
  const done = position === 'start' ? -1n : position.commit;
  const events = log.filter((recorded) => recorded.position.commit > done);
  let batches = 0;
  for (let first = 0; first < events.length; first += batchSize) {
    const batch = events.slice(first, first + batchSize);
    const last = batch.at(-1);
    if (last === undefined) break;
    const applied = await applyBatch(pool, projection, { from: position, events: batch, to: last.position });
    if (!applied) throw new Error('The batch was fenced off.');
    position = last.position;
    batches += 1;
  }
  return batches;
};

/** Takes the checkpoint back to the start of the log, and leaves the rows: every event is delivered again. */
export const forgetPosition = async (superuser: Pool): Promise<void> => {
  await superuser.query('update ops.checkpoints set commit_position = null, prepare_position = null');
};

/** What a verification says of a log in memory that was projected. */
export const verdictOn = (pool: Pool, log: readonly Recorded[]): Promise<Verdict> =>
  verifyLedger({
    store: storeOf(log),
    readLog: async function* ({ streamPrefixes }) {
      for (const recorded of log)
        if (streamPrefixes.some((prefix) => recorded.stream.startsWith(prefix))) yield recorded;
    },
    pool,
  });

/** A log in memory, as its readers see it. */
export const storeOf = (log: readonly Recorded[]): Pick<EventStore, 'head' | 'read'> => {
  const streams = new Map<string, Recorded[]>();
  for (const recorded of log) {
    const events = streams.get(recorded.stream) ?? [];
    events.push(recorded);
    streams.set(recorded.stream, events);
  }
  return {
    head: async () => log.at(-1)?.position ?? null,
    read: async (stream, from = 0n, eventsMax = Number.POSITIVE_INFINITY) => {
      const events = (streams.get(stream) ?? []).filter(({ revision }) => revision >= from).slice(0, eventsMax);
      return { events, revision: events.at(-1)?.revision ?? 'no_stream' };
    },
  };
};

/** Every row of every table of the read models, as text in key order: equal contents, equal dumps. */
export const dumpReadModels = async (superuser: Pool): Promise<Readonly<Record<string, readonly string[]>>> => {
  const dumps = (await tablesOf(superuser)).map(async (table) => {
    const { rows } = await superuser.query<{ row: string }>(
      `select t::text as row from rm.${table} t order by t::text collate "C"`,
    );
    return [table, rows.map(({ row }) => row)] as const;
  });
  return Object.fromEntries(await Promise.all(dumps));
};

/** Takes the read models back to the start of the log, without a row. Deletes, as truncating makes a new file for each index. */
export const emptyReadModels = async (superuser: Pool): Promise<void> => {
  const tables = [...(await tablesOf(superuser)).map((table) => `rm.${table}`), 'ops.parked', 'ops.parked_owners'];
  await superuser.query([...tables, 'ops.parked_keys'].map((table) => `delete from ${table}`).join('; '));
  await rewindCheckpoints(superuser);
};

/** Takes the checkpoints back to the start of the log; the rows stay. */
export const rewindCheckpoints = async (superuser: Pool): Promise<void> => {
  await superuser.query(`update ops.checkpoints set commit_position = null, prepare_position = null,
    last_event_id = null, last_stream = null, last_revision = null`);
};

/** Makes the serving read models refuse a license from a revision on, as a release with a fault would; returns the mend. */
export const refuseLicense = async (
  superuser: Pool,
  licenseId: string,
  revision: number,
): Promise<() => Promise<unknown>> => {
  const name = `broken_${licenseId}_${revision}`;
  await superuser.query(
    `alter table rm.licenses add constraint ${name} check (license_id <> '${licenseId}' or revision < ${revision})`,
  );
  return () => superuser.query(`alter table rm.licenses drop constraint ${name}`);
};

const tablesOf = async (superuser: Pool): Promise<readonly string[]> => {
  const { rows } = await superuser.query<{ table: string }>(
    `select tablename as table from pg_tables where schemaname = 'rm' order by tablename`,
  );
  return rows.map(({ table }) => table);
};
