import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeIdempotency } from '../../src/workers/purge.ts';
import { createReadModels } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

test('answers are removed once they are older than 24 hours, however many, and not a minute earlier', async () => {
  await database.superuser.query(`
    insert into ops.idempotency (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, locked_until, created_at)
    select 'org_a', 'key_a', 'issueLicense', 'old-' || n, '', '', now(), now() - interval '24 hours 1 minute' from generate_series(1, 5001) n
    union all select 'org_a', 'key_a', 'issueLicense', 'young', '', '', now(), now() - interval '23 hours 59 minutes'`);
  expect(await purgeIdempotency(database.worker)).toBe(5_001);
  const { rows } = await database.superuser.query('select idempotency_key from ops.idempotency');
  expect(rows).toEqual([{ idempotency_key: 'young' }]);
});

test('the worker cannot read what the answers hold', async () => {
  await expect(database.worker.query('select body from ops.idempotency')).rejects.toMatchObject({ code: '42501' });
});
