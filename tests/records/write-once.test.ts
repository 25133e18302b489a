import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createObservations } from '../../src/application/observing/observations.ts';
import { startObservationWriter } from '../../src/application/observing/write-observations.ts';
import { purgeSightings } from '../../src/records/device-sightings.ts';
import { purgeValidationCounts } from '../../src/records/validation-counts.ts';
import { purge } from '../../src/workers/purge.ts';
import { createReadModels } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.superuser.query(
    'truncate ops.validation_counts, ops.validation_days, ops.device_sightings, ops.license_denials',
  ),
);

const at = '2027-01-31T10:00:00.000Z';
const license = { issuerOrgId: 'org_a', holderOrgId: null, licenseId: 'lic_a' };
const validation = { product: null, valid: true, at };

/** A process that observes. `broken` may fail a statement of its connection. */
const processOn = (pool: Pool) => {
  const observations = createObservations(() => {});
  const errors: unknown[] = [];
  const lost: number[] = [];
  const writer = startObservationWriter({
    ...{ pool, observations, everyMs: 3_600_000 },
    onError: (error) => errors.push(error),
    onLost: (count) => lost.push(count),
  });
  return { ...writer, ...observations, errors, lost };
};
const counted = async () => {
  const { rows } = await database.superuser.query<{ sum: number | null }>(
    'select sum(validations)::int from ops.validation_counts',
  );
  return rows[0]?.sum ?? 0;
};

/** The same pool, whose statements `before` and `after` may fail. */
const faulty = (around: (text: string, send: () => Promise<unknown>) => Promise<unknown>): Pool =>
  new Proxy(database.api, {
    get: (pool, name) =>
      name !== 'connect'
        ? Reflect.get(pool, name).bind(pool)
        : async () => {
            const client = await pool.connect();
            const query = client.query.bind(client) as (sent: unknown) => Promise<unknown>;
            return {
              query: (sent: string | { text: string }) =>
                around(typeof sent === 'string' ? sent : sent.text, () => query(sent)),
              release: (destroy: boolean) => client.release(destroy),
            };
          },
  });

test('A batch counts once when the answer to its commit is lost, and when its connection breaks before', async () => {
  let faults = ['commit lost', 'killed'];
  const pool = faulty(async (text, send) => {
    const fault = faults[0];
    if (fault === 'commit lost' && text === 'commit') {
      faults = faults.slice(1);
      await send();
      throw new Error('The answer is lost.');
    }
    const answer = await send();
    if (fault === 'killed' && text.includes('note_validations')) {
      faults = faults.slice(1);
      throw new Error('The connection is lost.');
    }
    return answer;
  });
  const one = processOn(pool);
  one.validated(license, validation);
  one.validated(license, validation);
  await expect(one.write()).rejects.toThrow('lost');
  expect(await counted()).toBe(2);
  await one.write();
  expect(await counted()).toBe(2);

  one.validated(license, validation);
  await expect(one.write()).rejects.toThrow('lost');
  expect(await counted()).toBe(2);
  one.validated(license, validation);
  // Postgres may still hold the transaction of the broken connection open. The product writes again later.
  await expect.poll(() => one.write().then(() => 'written', String)).toBe('written');
  expect(await counted()).toBe(4);
  expect(faults).toEqual([]);
  await one.stop();
});

test('Killing the Postgres sessions of a process during its writes loses and repeats nothing', async () => {
  const kill = () =>
    database.superuser.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'ledger-api'`);
  let place = 0;
  const pool = faulty(async (_text, send) => {
    // The kills meet different statements: the commit, the write and the begin.
    place += 1;
    if (place % 4 === 0) void kill();
    return send();
  });
  const two = processOn(pool);
  for (let round = 0; round < 12; round += 1) {
    two.validated(license, validation);
    await two.write().catch(() => undefined);
  }
  place = Number.NaN;
  await expect.poll(() => two.write().then(() => 'written'), { timeout: 10_000 }).toBe('written');
  expect(await counted()).toBe(12);
  await two.stop();
});

test('Two processes add up their counts, and write a device once a minute', async () => {
  const processes = [processOn(database.api), processOn(database.api)];
  const contact = { fingerprintHash: 'aa', version: null, product: null };
  const sightings = async () => {
    const { rows } = await database.superuser.query(
      'select last_seen_at as at, last_version as version from ops.device_sightings',
    );
    return rows.map(({ at: seen, version }) => [seen.toISOString(), version]);
  };
  const note = async (seconds: number, version: string | null) => {
    const instant = new Date(Date.parse(at) + seconds * 1_000).toISOString();
    for (const each of processes) {
      each.validated(license, { ...validation, valid: version !== null });
      each.sawDevice(license, { ...contact, version, at: instant });
    }
    await Promise.all(processes.map(({ write }) => write()));
  };
  await note(0, '1.0.0');
  await note(59, '1.0.0');
  expect(await sightings()).toEqual([[at, '1.0.0']]);
  // A device that names another version is written within the minute, too.
  await note(59, '3.0.0');
  expect(await sightings()).toEqual([['2027-01-31T10:00:59.000Z', '3.0.0']]);
  await note(120, null);
  expect(await sightings()).toEqual([['2027-01-31T10:02:00.000Z', '3.0.0']]);
  const { rows } = await database.superuser.query('select validations, denied from ops.validation_counts');
  expect(rows).toEqual([{ validations: '8', denied: '2' }]);
  await Promise.all(processes.map(({ stop }) => stop()));
});

test('A flood of denials of a license keeps the last 100 rows, whichever processes write them', async () => {
  const processes = [processOn(database.api), processOn(database.api)];
  const denial = { ...license, code: 'NOT_ACTIVATED', product: null, version: null, addressPrefix: null };
  for (let round = 0; round < 3; round += 1) {
    for (let device = 0; device < 60; device += 1) {
      const deniedAt = new Date(Date.parse(at) + round * 60_000 + device).toISOString();
      for (const each of processes) each.denied({ ...denial, device: `${device}`, deniedAt });
    }
    for (const { write } of processes) await write();
  }
  const { rows } = await database.superuser.query(
    'select count(*)::int, min(denied_at), max(denied_at) from ops.license_denials',
  );
  expect(rows).toEqual([
    { count: 100, min: new Date('2027-01-31T10:01:00.020Z'), max: new Date('2027-01-31T10:02:00.059Z') },
  ]);
  await Promise.all(processes.map(({ stop }) => stop()));
});

test('A process that stops writes what it has, and says how much it cannot', async () => {
  const one = processOn(database.api);
  one.validated(license, validation);
  await one.stop();
  expect([await counted(), one.lost]).toEqual([1, []]);
  const two = processOn(faulty(async () => Promise.reject(new Error('Postgres is away.'))));
  two.validated(license, validation);
  two.sawDevice(license, { fingerprintHash: 'aa', version: null, product: null, at });
  await two.stop();
  expect([two.lost, two.errors]).toMatchObject([[2], [{ message: 'Postgres is away.' }]]);
});

test('Values that Postgres refuses are given up, and keep nothing else waiting', async () => {
  const one = processOn(database.api);
  one.denied({
    ...license,
    code: 'EXPIRED',
    product: null,
    version: '\0',
    device: null,
    addressPrefix: null,
    deniedAt: at,
  });
  await one.write();
  one.validated(license, validation);
  await one.write();
  expect([await counted(), one.lost, one.errors]).toMatchObject([1, [1], [{ code: '22P05' }]]);
  await one.stop();
});

test('The worker removes what is older than 400 days, in any number, and sees no younger counts and denials', async () => {
  await database.superuser.query(`
    insert into ops.validation_counts
    select 'org_a', 'lic_' || n, (now() at time zone 'UTC')::date - age, '', '', 1, 0, now()
    from generate_series(1, 5001) n, unnest(array[399, 402]) age`);
  await database.superuser.query(`
    insert into ops.device_sightings
    select 'org_a', 'lic_' || n, '\\xaa'::bytea, null::text, now() - age * interval '1 day'
    from generate_series(1, 5001) n, unnest(array[399]) age
    union all select 'org_b', 'lic_' || n, '\\xaa'::bytea, null, now() - interval '401 days' from generate_series(1, 5001) n`);
  await database.superuser.query(`
    insert into ops.license_denials select 'org_a', 'lic_a', 'EXPIRED', age, now(), null, now() - age * interval '1 day'
    from unnest(array[399, 401]) age`);
  await database.superuser.query(`
    insert into ops.validation_days
    select 'org_' || n, (now() at time zone 'UTC')::date - age, '', 1, 0 from generate_series(1, 5001) n, unnest(array[399, 402]) age`);
  expect(await purgeValidationCounts(database.worker)).toBe(10_002);
  expect(await purgeSightings(database.worker)).toBe(5_001);
  expect(await purge(database.worker)).toBe(1);
  const { rows } = await database.superuser.query(`
    select (select count(*)::int from ops.validation_counts) as counts,
      (select count(*)::int from ops.validation_days) as days,
      (select count(*)::int from ops.device_sightings where issuer_org_id = 'org_a') as devices,
      (select count(*)::int from ops.license_denials) as denials`);
  expect(rows).toEqual([{ counts: 5_001, days: 5_001, devices: 5_001, denials: 1 }]);
});
