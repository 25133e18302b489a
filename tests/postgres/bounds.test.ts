import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../src/postgres/pool.ts';
import { createPool } from '../../src/projections/connect.ts';
import { condition } from '../support/product.ts';
import { createReadModels, quiet } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const roles: readonly Role[] = ['ledger_owner', 'ledger_api', 'ledger_projector', 'ledger_worker'];

/** Runs the work with a pool of the role, with time limits from the URL. */
const withPool = async <T>(role: Role, bounds: string, work: (pool: Pool) => Promise<T>): Promise<T> => {
  const url = new URL(models.url);
  url.searchParams.set('options', bounds);
  const pool = createPool({ url: url.href, role, max: 2, log: quiet });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
};

describe.each(roles)('A connection of %s', (role) => {
  test('has its role and its time limits from its first statement on', async () => {
    const pool = createPool({ url: models.url, role, max: 1, log: quiet });
    const { rows } = await pool.query(
      `select current_user as role, current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    await pool.end();
    expect(rows).toEqual([{ role, statement: '5s', lock: '2s', idle: '10s' }]);
  });

  test('cancels a statement that takes too long, and can run the next one', async () => {
    await withPool(role, '-c statement_timeout=50', async (pool) => {
      await expect(pool.query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });
  });

  test('waits only a limited time for a lock', async () => {
    const holder = await models.superuser.connect();
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock(1)');
    try {
      await withPool(role, '-c lock_timeout=50', async (pool) => {
        await expect(pool.query('select pg_advisory_xact_lock(1)')).rejects.toMatchObject({ code: '55P03' });
      });
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  });

  test('ends when it is idle in a transaction for too long, which is rolled back', async () => {
    await withPool(role, '-c idle_in_transaction_session_timeout=50', async (pool) => {
      const db = await pool.connect();
      const ended = new Promise<Error>((resolve) => db.once('error', resolve));
      await db.query('begin');
      await db.query('select pg_advisory_xact_lock(2)');
      expect((await ended).message).toMatch(/idle-in-transaction timeout|terminated/);
      db.release(true);
      await condition('the lock is free', async () => {
        const { rows } = await models.superuser.query('select pg_try_advisory_xact_lock(2) as free');
        return rows[0].free;
      });
    });
  });
});
