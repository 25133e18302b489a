import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintCatalog } from '../../src/postgres/lint.ts';
import { createPool } from '../../src/projections/connect.ts';
import { purgeSeatHolders } from '../../src/records/seat-holders.ts';
import { rowSecurity } from '../../src/row-security.ts';
import { createReadModels, quiet } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

/** A seat with a named holder. `endedHours`, `freeHours`: how long ago; null: it has not ended, not later than its end. */
const seats = [
  { lease: 'open', endedHours: null, freeHours: null },
  { lease: 'lapsed lately', endedHours: 24.9, freeHours: null },
  { lease: 'ended long ago', endedHours: 25.1, freeHours: null },
  { lease: 'borrowed and still taken', endedHours: 100, freeHours: -1 },
  { lease: 'borrowed and free for long', endedHours: 100, freeHours: 26 },
];

test('The worker erases the names of seats that ended 25 hours ago, of all organizations, and reads none', async () => {
  for (const org of ['org_a', 'org_b'])
    for (const { lease, endedHours, freeHours } of seats) {
      await database.superuser.query(
        `insert into rm.leases (issuer_org_id, license_id, lease_id, scope, holder_hash, borrowed, ttl_seconds, acquired_at,
           expires_at, ended_at, cause, seat_free_at, revision)
         values ($1, 'lic', $2, 'MACHINE', '', false, 60, now(), now(), now() - $3::float * interval '1 hour',
           case when $3 is not null then 'LAPSED' end, now() - $4::float * interval '1 hour', 1)`,
        [org, lease, endedHours, freeHours],
      );
      await database.superuser.query(`insert into vault.seat_holders values ($1, null, 'lic', $2, 'Ada')`, [
        org,
        lease,
      ]);
    }
  // The read models do not know this seat yet.
  await database.superuser.query(`insert into vault.seat_holders values ('org_a', null, 'lic', 'new', 'Ada')`);
  expect(await purgeSeatHolders(database.worker)).toBe(4);
  expect(await purgeSeatHolders(database.worker)).toBe(0);
  const { rows } = await database.superuser.query(
    'select lease_id as lease, count(*)::int from vault.seat_holders group by 1 order by 1',
  );
  expect(rows).toEqual([
    { lease: 'borrowed and still taken', count: 2 },
    { lease: 'lapsed lately', count: 2 },
    { lease: 'new', count: 1 },
    { lease: 'open', count: 2 },
  ]);
  for (const sql of [
    'select name from vault.seat_holders',
    'select lease_id from vault.seat_holders',
    `delete from vault.seat_holders where name = 'Ada'`,
    'delete from vault.seat_holders returning name',
    `update vault.seat_holders set name = 'x'`,
    'delete from vault.assigned_users',
  ])
    await expect(database.worker.query(sql), sql).rejects.toMatchObject({ code: '42501' });
});

test('The worker erases the names also when that takes longer than other statements may', async () => {
  await database.superuser.query(
    `insert into rm.leases (issuer_org_id, license_id, lease_id, scope, holder_hash, borrowed, ttl_seconds, acquired_at,
       expires_at, ended_at, cause, revision)
     select 'org_c', 'lic', 'lse_' || n, 'MACHINE', '', false, 60, now(), now(), now() - interval '26 hours', 'LAPSED', 1
       from generate_series(1, 5000) n`,
  );
  await database.superuser.query(
    `insert into vault.seat_holders select 'org_c', null, 'lic', 'lse_' || n, 'Ada' from generate_series(1, 5000) n`,
  );
  const url = `${database.url}?options=${encodeURIComponent('-c statement_timeout=10')}`;
  const worker = createPool({ url, role: 'ledger_worker', max: 1, log: quiet });
  try {
    expect(await purgeSeatHolders(worker)).toBe(5_000);
  } finally {
    await worker.end();
  }
});

test('A policy that lets the worker erase other names is refused at the start', async () => {
  expect(await lintCatalog(database.superuser, rowSecurity)).toEqual([]);
  await database.superuser.query('create policy wide on vault.seat_holders for delete to ledger_worker using (true)');
  expect(await lintCatalog(database.superuser, rowSecurity)).toEqual([
    'vault.seat_holders has the policy wide, which lets ledger_worker remove rows.',
  ]);
});
