import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createValidationReader } from '../../src/projections/queries/validation.ts';
import { createLog, randomFrom, rival, testHash, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project, quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  const ledger = createLog();
  ledger.issue('vendor', { issuerOrgId: vendor });
  ledger.issue('rival', { issuerOrgId: rival });
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const borrowings = sized(10_000, 150);
test(`${borrowings} interleaved uses of a pool that end in every possible way see only rows of their own tenant`, async () => {
  const pool = createPool({ url: models.url, role: 'ledger_api', max: 4, log: quiet });
  const reader = createValidationReader(pool);
  const random = randomFrom(7);
  const counts = new Map<string, number>();

  const borrow = async () => {
    const [org, name] = random() < 0.5 ? ([vendor, 'vendor'] as const) : ([rival, 'rival'] as const);
    const fate = pick(random, fates);
    const readOnly = random() < 0.5;
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
    if (fate === 'unscoped') {
      const { rows } = await pool.query('select count(*)::int as rows from rm.licenses');
      return expect(rows).toEqual([{ rows: 0 }]);
    }
    if (fate === 'validation') {
      // This sets the tenant within one statement, in its own transaction.
      const license = await reader.byKey([Buffer.from(testHash(`key of ${name}`), 'hex')]);
      return expect(license?.facts.issuerOrgId).toBe(org);
    }
    const use = async (db: PoolClient) => {
      const { rows } = await db.query('select issuer_org_id, pg_backend_pid() as pid from rm.licenses');
      expect(rows).toMatchObject([{ issuer_org_id: org }]);
      const signal = (name: string) => models.superuser.query(`select ${name}($1)`, [rows[0].pid]);
      /** Sleeps until it gets a signal. A signal before the sleep is lost, so that several may be necessary. */
      const sleepUntil = async (name: string) => {
        let asleep = true;
        const sleep = db.query('select pg_sleep(60)').finally(() => {
          asleep = false;
        });
        sleep.catch(() => {});
        while (asleep) await signal(name);
        return sleep;
      };
      switch (fate) {
        case 'committed':
          return;
        case 'thrown':
          throw new Error('thrown');
        // A caller that ignores the error of a statement must not get a commit.
        case 'failed':
          return db.query('select 1 / 0').catch(() => undefined);
        case 'canceled':
          return sleepUntil('pg_cancel_backend');
        case 'timed out':
          await db.query('set local statement_timeout = 1');
          return db.query('select pg_sleep(60)');
        case 'killed':
          return sleepUntil('pg_terminate_backend');
        case 'killed before its commit':
          return signal('pg_terminate_backend');
        // The tenant ends with the transaction, so that later statements see nothing.
        case 'rolled back':
          await db.query('rollback');
          expect((await db.query('select from rm.licenses')).rowCount).toBe(0);
          return;
        // A tenant that is set for the session does not reach the next user of the connection.
        case 'set for the session':
          await db.query(`select set_config('app.org_id', $1, false)`, [org]);
          throw new Error('thrown');
      }
    };
    const isAnswered = fate === 'committed' || fate === 'rolled back' || (readOnly && endsLater.includes(fate));
    const work = asTenant(pool, org, use, { readOnly });
    await expect(work, fate)[isAnswered ? 'resolves' : 'rejects'].toSatisfy(() => true);
  };
  const lane = async () => {
    for (let turn = 0; turn < borrowings / 8; turn++) await borrow();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await pool.end();
  expect([...counts.keys()].sort()).toEqual([...fates].sort());
});

// The ways in which the use of a connection may end.
const fates = [
  'unscoped',
  'committed',
  'validation',
  'thrown',
  'failed',
  'canceled',
  'timed out',
  'killed',
  'killed before its commit',
  'rolled back',
  'set for the session',
] as const;

// What a read has returned is right, however its transaction ends.
const endsLater: readonly (typeof fates)[number][] = ['failed', 'killed before its commit'];

const pick = <T>(random: () => number, choices: readonly T[]): T => {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('There is nothing to choose from.');
  return choice;
};

test('A read-only transaction of a tenant refuses to write', async () => {
  const write = asTenant(models.api, vendor, (db) => db.query('delete from vault.personal_values'));
  await expect(write).rejects.toThrow('read-only transaction');
});

test.each([true, false])('The id of an organization is text, whatever it contains, read only: %s', async (readOnly) => {
  const hostile = `${vendor}', true), set_config('app.org_id', '${rival}\\`;
  const rowsOf = async (orgId: string) => {
    const { rows } = await asTenant(models.api, orgId, (db) => db.query('select from rm.licenses'), { readOnly });
    return rows.length;
  };
  expect(await rowsOf(hostile)).toBe(0);
  expect(await rowsOf(vendor)).toBe(1);
});

test('A transaction without an organization is refused', async () => {
  await expect(asTenant(models.api, '', async () => 1)).rejects.toThrow('needs the id of an organization');
});

test('Options in the URL apply, but do not change the role', async () => {
  const url = new URL(models.url);
  url.searchParams.set('options', '-c statement_timeout=1234 -c role=ledger_projector');
  const pool = createPool({ url: url.href, role: 'ledger_api', max: 1, log: quiet });
  const { rows } = await pool.query(`select current_user, current_setting('statement_timeout') as timeout`);
  expect(rows).toEqual([{ current_user: 'ledger_api', timeout: '1234ms' }]);
  await pool.end();
});
