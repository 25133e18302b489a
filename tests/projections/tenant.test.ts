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

const borrowings = sized(10_000);
test(`${borrowings} interleaved borrowings that end in every way there is: each sees its own tenant, none an unscoped row`, async () => {
  const pool = createPool({ url: models.url, role: 'ledger_api', max: 4, log: quiet });
  const reader = createValidationReader(pool);
  const random = randomFrom(7);
  const counts = new Map<string, number>();

  const borrow = async () => {
    const [org, name] = random() < 0.5 ? ([vendor, 'vendor'] as const) : ([rival, 'rival'] as const);
    const fate = pick(random, fates);
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
    if (fate === 'unscoped') {
      const { rows } = await pool.query('select count(*)::int as rows from rm.licenses');
      return expect(rows).toEqual([{ rows: 0 }]);
    }
    if (fate === 'validation') {
      // Sets the tenant inside one statement, of a transaction of its own.
      const found = await reader.byKey([Buffer.from(testHash(`key of ${name}`), 'hex')]);
      return expect(found?.facts.issuerOrgId).toBe(org);
    }
    const work = asTenant(pool, org, async (db) => {
      const { rows } = await db.query('select issuer_org_id, pg_backend_pid() as pid from rm.licenses');
      expect(rows).toMatchObject([{ issuer_org_id: org }]);
      const signal = (what: string) => models.superuser.query(`select ${what}($1)`, [rows[0].pid]);
      /** Sleeps until it is signaled; a signal that comes before the sleep is lost, so there may be several. */
      const sleepUntil = async (what: string) => {
        let asleep = true;
        const sleep = db.query('select pg_sleep(60)').finally(() => {
          asleep = false;
        });
        sleep.catch(() => {});
        while (asleep) await signal(what);
        return sleep;
      };
      switch (fate) {
        case 'committed':
          return;
        case 'thrown':
          throw new Error('thrown');
        // A failed statement that its caller swallows must not end as a commit.
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
        // What ends the transaction ends the tenant with it; what follows sees nothing.
        case 'rolled back':
          await db.query('rollback');
          expect((await db.query('select from rm.licenses')).rowCount).toBe(0);
          return;
        // Whoever sets the tenant for longer than the transaction does not hand it on either.
        case 'set for the session':
          await db.query(`select set_config('app.org_id', $1, false)`, [org]);
          throw new Error('thrown');
      }
    });
    const ends = fate === 'committed' || fate === 'rolled back' ? 'resolves' : 'rejects';
    await expect(work, fate)[ends].toSatisfy(() => true);
  };
  const lane = async () => {
    for (let turn = 0; turn < borrowings / 8; turn++) await borrow();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await pool.end();
  expect([...counts.keys()].sort()).toEqual([...fates].sort());
});

// How a borrowing of the pool may end.
const fates = [
  ...(['unscoped', 'committed', 'validation', 'thrown', 'failed', 'canceled', 'timed out', 'killed'] as const),
  ...(['killed before its commit', 'rolled back', 'set for the session'] as const),
];

const pick = <T>(random: () => number, choices: readonly T[]): T => {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('There is nothing to choose from.');
  return choice;
};

test('a read-only door refuses to write', async () => {
  const write = asTenant(models.api, vendor, (db) => db.query('delete from vault.personal_values'));
  await expect(write).rejects.toThrow('read-only transaction');
});

test('no organization, no door', () => {
  expect(() => asTenant(models.api, '', async () => 1)).toThrow('needs the id of an organization');
});

test('options in the URL are kept, but do not change the role', async () => {
  const url = new URL(models.url);
  url.searchParams.set('options', '-c statement_timeout=1234 -c role=ledger_projector');
  const pool = createPool({ url: url.href, role: 'ledger_api', max: 1, log: quiet });
  const { rows } = await pool.query(`select current_user, current_setting('statement_timeout') as timeout`);
  expect(rows).toEqual([{ current_user: 'ledger_api', timeout: '1234ms' }]);
  await pool.end();
});
