import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withStoredApiKey } from '../../../src/application/organizations/stored-api-key.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
let owner: TestMember;
beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const send = (
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
  key = owner.accessToken,
) => ledger.call(method, path, { key, body, headers });
const create = (fields: object = {}, headers: Readonly<Record<string, string>> = {}, key = owner.accessToken) =>
  send('POST', '/v1/api-keys', { name: 'CI', scopes: ['licenses:read'], ...fields }, headers, key);
const secretOf = ({ body }: Awaited<ReturnType<typeof create>>) => String(body.secret);
const pathOf = ({ body }: Awaited<ReturnType<typeof create>>) => `/v1/api-keys/${body.apiKey?.id}`;
const uses = async (key: string) => (await send('GET', '/v1/licenses', undefined, {}, key)).status;

const stored = async () => {
  const { rows } = await ledger.database.superuser.query<{ count: number }>(
    'select count(*)::int from identity.api_keys',
  );
  return rows[0]?.count;
};
/** As if the process had died after the append: in flight, and for long enough. */
const dieAfterAppend = (idempotencyKey: string) =>
  ledger.database.superuser.query(
    `update ops.idempotency set status = null, body = null, locked_until = now() - interval '1 second'
     where idempotency_key = $1`,
    [idempotencyKey],
  );

describe('An API key', () => {
  test('is returned once, works immediately, and later shows only its beginning', async () => {
    const created = await create({ scopes: ['licenses:read', 'events:read'], expiresAt: '2099-01-01T00:00:00Z' });
    expect([created.status, created.body.apiKey]).toEqual([
      201,
      {
        id: expect.stringMatching(/^key_/),
        name: 'CI',
        scopes: ['licenses:read', 'events:read'],
        products: null,
        hint: secretOf(created).slice(0, 17),
        previousHint: null,
        overlapUntil: null,
        createdAt: expect.any(String),
        createdBy: expect.stringMatching(/^usr_/),
        expiresAt: '2099-01-01T00:00:00.000Z',
        revokedAt: null,
        lastUsedAt: null,
      },
    ]);
    expect(created.headers.get('location')).toBe(pathOf(created));
    const before = await send('GET', pathOf(created));
    expect(before.body).toEqual(created.body.apiKey);
    expect(before.text).not.toContain(secretOf(created).slice(17));

    expect(await uses(secretOf(created))).toBe(200);
    await condition('the use is noted', async () => (await send('GET', pathOf(created))).body.lastUsedAt !== null);
    const used = await send('GET', pathOf(created));
    // That it was used is no event, but the representation is another one.
    expect(used.headers.get('etag')).not.toBe(before.headers.get('etag'));
    const tag = String(used.headers.get('etag'));
    expect((await send('GET', pathOf(created), undefined, { 'if-none-match': tag })).status).toBe(304);
    expect((await send('PATCH', pathOf(created), { name: 'CI 2' }, { 'if-match': tag })).status).toBe(200);
  });

  test('needs at least one known scope and an end in the future', async () => {
    const before = await stored();
    for (const fields of [
      { scopes: [] },
      { scopes: ['all'] },
      { scopes: ['licenses:read', 'licenses:read'] },
      { name: '' },
    ])
      expect((await create(fields)).body.code).toBe('INVALID_REQUEST');
    const past = await create({ expiresAt: '2020-01-01T00:00:00Z' });
    expect([past.status, past.body.code]).toEqual([400, 'TERM_INVALID']);
    expect(await stored()).toBe(before);
  });

  test('cannot pass on a scope that it does not have, and a refused attempt leaves nothing', async () => {
    const { apiKey } = await ledger.createKey(ledger.a.organizationId, ['members:write', 'licenses:read']);
    expect((await create({}, {}, apiKey)).status).toBe(201);
    const before = await stored();
    const beyond = await create({ scopes: ['licenses:read', 'licenses:write'] }, {}, apiKey);
    expect([beyond.status, beyond.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(await stored()).toBe(before);
  });

  test('ends by the clock', async () => {
    const expiresAt = new Date(Date.parse(ledger.needs.now()) + 60_000).toISOString();
    const created = await create({ expiresAt });
    expect(await uses(secretOf(created))).toBe(200);
    ledger.clock.aheadMs += 60_000;
    expect(await uses(secretOf(created))).toBe(401);
    ledger.clock.aheadMs -= 60_000;
  });

  test('can be renamed and gets other scopes, which apply immediately in this process', async () => {
    const created = await create({ scopes: ['licenses:read'] });
    expect(await uses(secretOf(created))).toBe(200);
    const changed = await send('PATCH', pathOf(created), { name: 'feed', scopes: ['events:read'] });
    expect([changed.status, changed.body]).toMatchObject([200, { name: 'feed', scopes: ['events:read'] }]);
    expect(await uses(secretOf(created))).toBe(403);
    expect((await send('GET', pathOf(created))).body).toMatchObject({ name: 'feed', scopes: ['events:read'] });
  });

  test('stops working immediately after it is revoked, even before the projection', async () => {
    const created = await create();
    expect(await uses(secretOf(created))).toBe(200);
    const start = await ledger.stopProjector();
    try {
      const revoked = await send('DELETE', pathOf(created));
      expect([revoked.status, revoked.body]).toMatchObject([200, { revokedAt: expect.any(String) }]);
      expect(await uses(secretOf(created))).toBe(401);
      expect((await send('GET', pathOf(created))).body.revokedAt).toBe(revoked.body.revokedAt);
    } finally {
      start();
    }
    expect((await send('DELETE', pathOf(created))).status).toBe(200);
    const late = await send('PATCH', pathOf(created), { name: 'x' });
    expect([late.status, late.body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('of another organization gets the same answer as an unknown one, to the byte', async () => {
    const created = await create();
    const requestId = { 'x-request-id': 'same' };
    const unknown = `/v1/api-keys/${encodeId('key', randomUUID())}`;
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      const foreign = await send(method, pathOf(created), body, requestId, ledger.b.apiKey);
      expect([foreign.status, foreign.body.code]).toEqual([404, 'NOT_FOUND']);
      expect(foreign.text).toBe((await send(method, unknown, body, requestId)).text);
    }
    expect(await uses(secretOf(created))).toBe(200);
  });
});

test('The list is newest first, in pages, and shows no secret', async () => {
  const created = [await create({ name: 'one' }), await create({ name: 'two' }), await create({ name: 'three' })];
  const first = await send('GET', '/v1/api-keys?limit=2');
  expect(first.body).toMatchObject({ hasMore: true, data: [{ name: 'three' }, { name: 'two' }] });
  const next = await send('GET', `/v1/api-keys?limit=1&cursor=${first.body.nextCursor}`);
  expect(next.body.data).toMatchObject([{ name: 'one' }]);
  for (const each of created) expect(first.text + next.text).not.toContain(secretOf(each).slice(17));
  const member = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  expect((await send('GET', '/v1/api-keys', undefined, {}, member.accessToken)).status).toBe(200);
});

describe('A creation', () => {
  test('returns the same key when it is repeated, also after a crash between append and answer', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await create({}, headers);
    expect((await create({}, headers)).text).toBe(first.text);
    await dieAfterAppend(headers['idempotency-key']);
    const retried = await create({}, headers);
    expect([retried.status, retried.body]).toEqual([201, first.body]);
    expect(retried.headers.get('idempotent-replayed')).toBeNull();
    expect(await uses(secretOf(retried))).toBe(200);
    const { rows } = await ledger.database.superuser.query(
      'select body from ops.idempotency where idempotency_key = $1',
      [headers['idempotency-key']],
    );
    expect(JSON.stringify(rows)).not.toContain(secretOf(first).slice(17));
  });

  test('is carried out once when the event store lost its answer', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    ledger.faults.droppedReply = 'unavailable';
    ledger.faults.dropReplies = 1;
    const answers = [await create({ name: 'lost' }, headers), await create({ name: 'lost' }, headers)];
    ledger.faults.droppedReply = 'hang';
    const last = answers.at(-1);
    expect(last?.status).toBe(201);
    const { body } = await send('GET', '/v1/api-keys?limit=100');
    expect(JSON.stringify(body).split('"lost"')).toHaveLength(2);
  });

  test('returns the stored key when another signing secret takes over', async () => {
    const old = ledger.secrets;
    const rotated = parseSecrets(
      [Buffer.alloc(32, 8), Buffer.alloc(32, 7)].map((bytes) => bytes.toString('base64')).join(),
    );
    const [commandId, organizationId] = [randomUUID(), ledger.a.organizationId];
    const place = { commandId, organizationId, apiKeyId: encodeId('key', commandId) };
    const record = async () => ({});
    const { apiKey } = await withStoredApiKey(ledger.database.api, old, place, record);
    expect(await withStoredApiKey(ledger.database.api, rotated, place, record)).toEqual({ apiKey, recorded: {} });
    const other = parseSecrets(Buffer.alloc(32, 9).toString('base64'));
    await expect(withStoredApiKey(ledger.database.api, other, place, record)).rejects.toThrow('no longer configured');
    // A refusal of a repetition does not take back what the first try has stored.
    await withStoredApiKey(ledger.database.api, old, place, async () => ({ rejected: 'FORBIDDEN' }));
    expect((await withStoredApiKey(ledger.database.api, rotated, place, record)).apiKey).toBe(apiKey);
  });
});
