import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool } from '../../src/projections/pool.ts';
import { asTenant } from '../../src/projections/tenant.ts';
import { createLog, randomFrom, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project, quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  const ledger = createLog();
  for (const org of [vendor, rival]) ledger.issue(org, { issuerOrgId: org });
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const borrowings = sized(10_000);
test(`${borrowings} interleaved borrowings with throws and failures: every one sees its own tenant, none an unscoped row`, async () => {
  const pool = createPool({ url: models.url, role: 'ledger_api', max: 4, log: quiet });
  const random = randomFrom(7);
  const outcomes = { own: 0, thrown: 0, failed: 0, unscoped: 0 };
  const borrow = async () => {
    const fate = random();
    const org = random() < 0.5 ? vendor : rival;
    if (fate < 0.3) {
      const { rows } = await pool.query('select count(*)::int as rows from rm.licenses');
      expect(rows).toEqual([{ rows: 0 }]);
      outcomes.unscoped += 1;
      return;
    }
    const work = asTenant(pool, org, async (db) => {
      const { rows } = await db.query('select issuer_org_id from rm.licenses');
      expect(rows).toEqual([{ issuer_org_id: org }]);
      if (fate < 0.4) throw new Error('thrown');
      // A failed statement that its caller swallows must not end as a commit.
      if (fate < 0.5) await db.query('select 1 / 0').catch(() => undefined);
    });
    const expected = fate < 0.4 ? 'thrown' : fate < 0.5 ? 'failed' : 'own';
    await work.then(
      () => expect(expected).toBe('own'),
      (error: Error) => {
        const message = expected === 'thrown' ? 'thrown' : 'The transaction had failed before its commit';
        expect(error.message).toContain(message);
      },
    );
    outcomes[expected] += 1;
  };
  const lane = async () => {
    for (let turn = 0; turn < borrowings / 8; turn++) await borrow();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await pool.end();
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(0);
});

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
