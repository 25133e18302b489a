import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listenForAccessChanges } from '../../src/identity/access/access-listener.ts';
import { testId } from '../support/license-fixtures.ts';
import { createReadModels } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

test('A change before its projection, a parked stream and other read models are noticed', async () => {
  const noted: string[] = [];
  await new Promise<void>((listening) => {
    const notices = { note: (subject: string) => noted.push(subject), confirm: () => listening() };
    const listener = listenForAccessChanges({ url: database.url, notices, onState: () => {} });
    onTestFinished(() => listener.stop());
  });
  const organizationId = testId('org', 'fourth');
  for (const [sql, subject] of [
    [`insert into identity.access_changes (issuer_org_id, position) values ('${organizationId}', 0)`, organizationId],
    [`update identity.access_changes set position = 1 where issuer_org_id = '${organizationId}'`, organizationId],
    [
      `insert into ops.parked (projection, version, stream, from_revision, event_id, event_type, error)
        values ('read-models', 1, 'organization-${organizationId}', 0, '', '', '')`,
      organizationId,
    ],
    ['update ops.projection_versions set is_level = not is_level', '*'],
    ['update ops.projection_versions set is_level = not is_level', '*'],
  ] as const) {
    noted.length = 0;
    await database.superuser.query(sql);
    await expect.poll(() => noted, { timeout: 10_000 }).toEqual([subject]);
  }
});

test('A change of each right of an API key is noticed when it is projected', async () => {
  const noted: string[] = [];
  await new Promise<void>((listening) => {
    const notices = { note: (subject: string) => noted.push(subject), confirm: () => listening() };
    const listener = listenForAccessChanges({ url: database.url, notices, onState: () => {} });
    onTestFinished(() => listener.stop());
  });
  const organizationId = testId('org', 'with a key');
  await database.superuser.query(
    `insert into rm.api_keys (issuer_org_id, api_key_id, revision, name, hint, scopes, created_at, secret_ref, overlap_until)
      values ($1, 'key_1', 0, 'CI', '', '{licenses:read}', now(), 'ref_2', now() + interval '1 day')`,
    [organizationId],
  );
  for (const change of [
    "scopes = '{}'",
    "products = '{local_cli}'",
    'expires_at = now()',
    "secret_ref = 'ref_3'",
    'overlap_until = null',
    'revoked_at = now()',
  ]) {
    noted.length = 0;
    await database.superuser.query(`update rm.api_keys set ${change} where api_key_id = 'key_1'`);
    await expect.poll(() => noted, { message: change, timeout: 10_000 }).toEqual([organizationId]);
  }
});

test('A lost connection is reported once, and again when notices arrive', async () => {
  const states: unknown[] = [];
  await new Promise<void>((listening) => {
    const notices = { note: () => undefined, confirm: () => listening() };
    const listener = listenForAccessChanges({ url: database.url, notices, onState: (lost) => states.push(lost) });
    onTestFinished(() => listener.stop());
  });
  expect(states).toEqual([]);
  await database.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where application_name = 'ledger-access' and datname = current_database()`,
  );
  await expect.poll(() => states, { timeout: 10_000 }).toEqual([expect.any(Error), null]);
});
