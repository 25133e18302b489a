import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldVersions } from '../../src/aggregates/fold-versions.ts';
import { purge } from '../../src/workers/purge.ts';
import { createReadModels } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

test('Stored answers are removed after 24 hours, in any number, and not a minute earlier', async () => {
  await database.superuser.query(`
    insert into ops.idempotency (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, locked_until, created_at)
    select 'org_a', 'key_a', 'issueLicense', 'old-' || n, '', '', now(), now() - interval '24 hours 1 minute' from generate_series(1, 5001) n
    union all select 'org_a', 'key_a', 'issueLicense', 'young', '', '', now(), now() - interval '23 hours 59 minutes'`);
  expect(await purge(database.worker)).toBe(5_001);
  const { rows } = await database.superuser.query('select idempotency_key from ops.idempotency');
  expect(rows).toEqual([{ idempotency_key: 'young' }]);
});

test('The worker cannot read the content of stored answers', async () => {
  await expect(database.worker.query('select body from ops.idempotency')).rejects.toMatchObject({ code: '42501' });
});

test('Ended sessions, refresh tokens and abandoned signups are removed after a day, and open ones stay', async () => {
  await database.superuser.query(`
    insert into identity.sessions (session_id, user_id, created_at, last_used_at, expires_at, absolute_expires_at)
    select 'ses_' || hours, 'usr_a', now(), now(), now() - hours * interval '1 hour', now() from unnest(array[0, 23, 25]) hours`);
  await database.superuser.query(`
    insert into identity.refresh_tokens (token_hash, session_id, user_id, created_at, expires_at)
    select int4send(hours), 'ses_' || hours, 'usr_a', now(), now() - hours * interval '1 hour' from unnest(array[0, 23, 25]) hours`);
  await database.superuser.query(`
    insert into identity.users (user_id, email, password_hash, state, command_id, created_at, activated_at)
    select state || hours, state || hours, '', state, '', now() - hours * interval '1 hour', case state when 'active' then now() end
    from unnest(array[23, 25]) hours, unnest(array['pending', 'active']) state`);
  expect(await purge(database.worker)).toBe(3);
  const left = await database.superuser.query(`
    select session_id as id from identity.sessions union all select session_id from identity.refresh_tokens
    union all select user_id from identity.users order by 1`);
  expect(left.rows.map(({ id }) => id)).toEqual(
    ['ses_0', 'ses_0', 'ses_23', 'ses_23', 'active23', 'active25', 'pending23'].sort(),
  );
});

test.each(['token_hash from identity.refresh_tokens', 'user_id from identity.sessions', 'email from identity.users'])(
  'The worker cannot read %s',
  async (what) => {
    await expect(database.worker.query(`select ${what}`)).rejects.toMatchObject({ code: '42501' });
  },
);

test('Snapshots of other releases are removed after a week, and those of this release stay', async () => {
  await database.superuser.query(
    `insert into ops.stream_snapshots (issuer_org_id, stream, fold, revision, event_id, hash, recorded_at,
      previous_revision, previous_hash, earliest_at, saved_at)
    select 'org_a', 's', fold, number, 'e', '', now(), 0, '', now(), now() - days * interval '1 day'
    from unnest(array['a-fold', 'license-0', $1, 'z-fold']) fold, generate_series(1, 700) number,
      unnest(array[case when number % 2 = 0 then 6 else 8 end]) days`,
    [foldVersions.license],
  );
  expect(await purge(database.worker)).toBe(3 * 350);
  const { rows } = await database.superuser.query(
    'select fold, count(*)::int from ops.stream_snapshots group by fold order by fold',
  );
  expect(rows.map(({ fold, count }) => [fold, count])).toEqual([
    ['a-fold', 350],
    ['license-0', 350],
    [foldVersions.license, 700],
    ['z-fold', 350],
  ]);
  await expect(database.worker.query('select whole from ops.stream_snapshots')).rejects.toMatchObject({
    code: '42501',
  });
});
