import type { Pool } from 'pg';
import pg from 'pg';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { applyBatch } from '../../src/projections/apply.ts';
import { openCheckpoint, readModels } from '../../src/projections/checkpoint.ts';
import type { Log } from '../../src/projections/log.ts';
import { migrate } from '../../src/projections/migrate.ts';
import { createPool } from '../../src/projections/pool.ts';
import { createDatabase } from './database.ts';

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** A migrated database and a pool per role. `superuser` sees everything: row-level security does not bind it. */
export const createReadModels = async () => {
  const database = await createDatabase();
  await migrate({ url: database.url, log: () => {} });
  const pool = (role: 'ledger_api' | 'ledger_projector' | 'ledger_worker') =>
    createPool({ url: database.url, role, max: 8, log: quiet });
  const pools = { api: pool('ledger_api'), projector: pool('ledger_projector'), worker: pool('ledger_worker') };
  const superuser = new pg.Pool({ connectionString: database.url, max: 4 });
  // A test that ends Postgres sessions ends idle ones too.
  superuser.on('error', () => {});
  return {
    url: database.url,
    ...pools,
    superuser,
    drop: async () => {
      await Promise.all([superuser, ...Object.values(pools)].map((each) => each.end()));
      await database.drop();
    },
  };
};

/** Brings a log into the read models in batches of one size, from where they are. Returns how many batches it took. */
export const project = async (pool: Pool, log: readonly Recorded[], batchSize = 500): Promise<number> => {
  let { position } = await openCheckpoint(pool, readModels);
  const done = position === 'start' ? -1n : position.commit;
  const events = log.filter((recorded) => recorded.position.commit > done);
  let batches = 0;
  for (let first = 0; first < events.length; first += batchSize) {
    const batch = events.slice(first, first + batchSize);
    const last = batch.at(-1);
    if (last === undefined) break;
    const applied = await applyBatch(pool, readModels, { from: position, events: batch, to: last.position });
    if (!applied) throw new Error('The batch was fenced off.');
    position = last.position;
    batches += 1;
  }
  return batches;
};

/** Every row of every table of `rm`, as text in key order: equal contents, equal dumps. */
export const dumpReadModels = async (superuser: Pool): Promise<Readonly<Record<string, readonly string[]>>> => {
  const tables = ['licenses', 'license_keys', 'activations', 'license_events', 'organizations', 'api_keys'];
  const dumps = tables.map(async (table) => {
    const { rows } = await superuser.query<{ row: string }>(
      `select t::text as row from rm.${table} t order by t::text collate "C"`,
    );
    return [table, rows.map(({ row }) => row)] as const;
  });
  return Object.fromEntries(await Promise.all(dumps));
};
