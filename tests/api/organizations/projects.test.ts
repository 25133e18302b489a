import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { createLimited, platformPolicy } from '../../support/platform.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ signupPolicy: platformPolicy });
});
afterAll(() => ledger.stop());

const send = (
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
  key = ledger.a.apiKey,
) => ledger.call(method, path, { key, body, headers });
const create = async (body: object) => {
  const answer = await send('POST', '/v1/projects', body);
  expect(answer.status).toBe(201);
  return { id: String(answer.body.id), path: `/v1/projects/${answer.body.id}`, answer };
};
const notesOn = async (projectId: string) => {
  const { rows } = await ledger.database.superuser.query<{ value: string }>(
    'select value from vault.personal_values where subject = $1',
    [projectId],
  );
  return rows.map(({ value }) => value);
};

describe('A project', () => {
  test('reads as it was created, with an ETag, and no event has its metadata', async () => {
    const metadata = { canary: 'a note on it', list: [1, { deep: null }] };
    const { id, path, answer } = await create({ name: 'Apollo', metadata });
    expect(answer.body).toEqual({ id, name: 'Apollo', metadata, createdAt: expect.any(String), archivedAt: null });
    expect(answer.headers.get('location')).toBe(path);
    const read = await send('GET', path);
    expect(read.body).toEqual(answer.body);
    expect(read.headers.get('etag')).toBe(answer.headers.get('etag'));
    const tag = String(read.headers.get('etag'));
    expect((await send('GET', path, undefined, { 'if-none-match': tag })).status).toBe(304);
    const events = (await ledger.events()).filter(({ stream }) => stream.includes(ledger.a.organizationId));
    expect(events.filter(({ data }) => JSON.stringify(data).includes('a note on it'))).toEqual([]);
  });

  test('changes only its named fields, and new metadata erases the earlier metadata', async () => {
    const { id, path } = await create({ name: 'Gemini', metadata: { old: 'value', more: 1 } });
    expect((await send('PATCH', path, { name: 'Gemini 2' })).body).toMatchObject({
      name: 'Gemini 2',
      metadata: { old: 'value', more: 1 },
    });
    expect((await send('PATCH', path, { metadata: { fresh: true } })).body).toMatchObject({
      name: 'Gemini 2',
      metadata: { fresh: true },
    });
    expect((await send('GET', path)).body).toMatchObject({ name: 'Gemini 2', metadata: { fresh: true } });
    await condition('what it was is gone', async () => `${await notesOn(id)}` === '{"fresh":true}');
    expect((await send('PATCH', path, { metadata: {} })).body).toMatchObject({ metadata: {} });
    await condition('what it was is gone', async () => (await notesOn(id)).length === 0);
  });

  test('keeps its earlier metadata until the read models have the new reference', async () => {
    const { id, path } = await create({ name: 'Slow', metadata: { old: 1 } });
    const start = await ledger.stopProjector();
    try {
      const changed = await send('PATCH', path, { metadata: { fresh: 1 } });
      expect([changed.status, changed.headers.get('ledger-projected')]).toEqual([200, 'false']);
      expect((await send('GET', path)).body.metadata).toEqual({ old: 1 });
    } finally {
      start();
    }
    await condition('what it was is gone', async () => `${await notesOn(id)}` === '{"fresh":1}');
    expect((await send('GET', path)).body.metadata).toEqual({ fresh: 1 });
  });

  test('that two requests change at once keeps the metadata of one of them', async () => {
    const { id, path } = await create({ name: 'Shared', metadata: { by: 'nobody' } });
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((each) => send('PATCH', path, { metadata: { by: each } }).then(({ status }) => status)),
    );
    expect(answers).toEqual([200, 200, 200, 200, 200]);
    const { body } = await send('GET', path);
    await condition('one is left', async () => (await notesOn(id)).length === 1);
    expect(await notesOn(id)).toEqual([JSON.stringify(body.metadata)]);
    expect(body.metadata?.by).toBeGreaterThan(0);
  });

  test('can be archived, cannot be changed then, and can be restored together with a change', async () => {
    const { path } = await create({ name: 'Mercury' });
    const archived = await send('DELETE', path);
    expect([archived.status, archived.body]).toMatchObject([200, { archivedAt: expect.any(String) }]);
    expect((await send('DELETE', path)).body).toEqual(archived.body);
    expect((await send('PATCH', path, { archived: true })).body).toEqual(archived.body);
    const refused = await send('PATCH', path, { name: 'x' });
    expect([refused.status, refused.body.code]).toEqual([409, 'ARCHIVED']);
    const before = await ledger.traces();
    expect((await send('PATCH', path, { metadata: { lost: 1 } })).status).toBe(409);
    expect(await ledger.traces()).toEqual(before);
    const restored = await send('PATCH', path, { archived: false, name: 'Mercury 7' });
    expect([restored.status, restored.body]).toMatchObject([200, { name: 'Mercury 7', archivedAt: null }]);
    const both = await send('PATCH', path, { archived: true, name: 'Mercury 8' });
    expect(both.body).toMatchObject({ name: 'Mercury 8', archivedAt: expect.any(String) });
  });

  test('changes only at the revision that If-Match names', async () => {
    const { path, answer } = await create({ name: 'Voyager' });
    const tag = String(answer.headers.get('etag'));
    expect((await send('PATCH', path, { name: 'Voyager 1' }, { 'if-match': tag })).status).toBe(200);
    const stale = await send('PATCH', path, { name: 'Voyager 2' }, { 'if-match': tag });
    expect([stale.status, stale.body.code]).toEqual([412, 'REVISION_MISMATCH']);
    expect((await send('GET', path)).body).toMatchObject({ name: 'Voyager 1' });
  });

  test('of another organization gets the same answer as an unknown one, to the byte', async () => {
    const { path } = await create({ name: 'Secret' });
    const requestId = { 'x-request-id': 'same' };
    const unknown = `/v1/projects/${encodeId('prj', randomUUID())}`;
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      const foreign = await send(method, path, body, requestId, ledger.b.apiKey);
      expect([foreign.status, foreign.body.code]).toEqual([404, 'NOT_FOUND']);
      expect(foreign.text).toBe((await send(method, unknown, body, requestId)).text);
    }
  });

  test('has at most 16 kB of metadata', async () => {
    const answer = await send('POST', '/v1/projects', { name: 'x', metadata: { a: 'x'.repeat(17_000) } });
    expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('is created once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { name: 'Once', metadata: { a: 1 } };
    const [one, two] = [
      await send('POST', '/v1/projects', body, headers),
      await send('POST', '/v1/projects', body, headers),
    ];
    expect([two.status, two.body]).toEqual([201, one.body]);
    expect(two.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('The list', () => {
  const namesOf = async (query: string) => {
    const { status, body } = await send('GET', `/v1/projects?${query}`, undefined, {}, ledger.b.apiKey);
    expect(status).toBe(200);
    return { names: JSON.parse(JSON.stringify(body.data)).map(({ name }: { name: string }) => name), body };
  };

  test('is newest first, in pages, and filters by name and archiving', async () => {
    for (const name of ['Alpha', 'Beta', 'alpine'])
      await send('POST', '/v1/projects', { name }, {}, ledger.b.apiKey).then(async ({ body }) => {
        if (name === 'Beta') await send('DELETE', `/v1/projects/${body.id}`, undefined, {}, ledger.b.apiKey);
      });
    expect((await namesOf('')).names).toEqual(['alpine', 'Beta', 'Alpha']);
    expect((await namesOf('q=ALP')).names).toEqual(['alpine', 'Alpha']);
    expect((await namesOf('archived=true')).names).toEqual(['Beta']);
    expect((await namesOf('archived=false&q=b')).names).toEqual([]);
    const first = await namesOf('q=al&limit=1');
    expect([first.names, first.body.hasMore]).toEqual([['alpine'], true]);
    expect((await namesOf(`q=al&limit=1&cursor=${first.body.nextCursor}`)).names).toEqual(['Alpha']);
    const { status } = await send(
      'GET',
      `/v1/projects?cursor=${first.body.nextCursor}`,
      undefined,
      {},
      ledger.b.apiKey,
    );
    expect(status).toBe(400);
  });
});

describe('The limit of the platform license', () => {
  test('applies to unarchived projects, also for concurrent requests and restored ones', async () => {
    const { organization } = await createLimited(ledger, [{ code: 'projects', limit: 2 }]);
    const as = (method: string, path: string, body?: object) => send(method, path, body, {}, organization.apiKey);
    const answers = await Promise.all([1, 2, 3, 4].map((each) => as('POST', '/v1/projects', { name: `P ${each}` })));
    const opened = answers.filter(({ status }) => status === 201);
    expect(opened).toHaveLength(2);
    for (const { status, body } of answers.filter((answer) => !opened.includes(answer)))
      expect([status, body.code]).toEqual([409, 'PROJECT_LIMIT_EXCEEDED']);

    const path = `/v1/projects/${opened[0]?.body.id}`;
    await as('DELETE', path);
    expect((await as('POST', '/v1/projects', { name: 'In its place' })).status).toBe(201);
    const refused = await as('PATCH', path, { archived: false, name: 'Back' });
    expect([refused.status, refused.body.code]).toEqual([409, 'PROJECT_LIMIT_EXCEEDED']);
    expect((await as('GET', path)).body).toMatchObject({ archivedAt: expect.any(String) });
  });
});
