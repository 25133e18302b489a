import { afterAll, beforeAll, expect, test } from 'vitest';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { feedIn, type OpenStream, openStream, readFeed, type Sent } from '../../support/feed.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
  for (let count = 0; count < 3; count++) await ledger.issue();
});
afterAll(() => ledger.stop());

let opened = 0;
const open = async (options: Partial<Parameters<typeof openStream>[1]> = {}) => {
  const stream = await openStream(ledger, { key: ledger.a.apiKey, ...options });
  if (stream.response.ok) opened += 1;
  return stream;
};
const take = async (stream: OpenStream, count: number): Promise<readonly Sent[]> => {
  const sent: Sent[] = [];
  while (sent.length < count) {
    const next = await stream.next();
    if (next === null) throw new Error('The stream has ended.');
    sent.push(next);
  }
  return sent;
};
const expected = async ({ organizationId } = ledger.a) =>
  feedIn(await ledger.events(), organizationId).map(({ id }) => encodeId('evt', id));
const idsOf = (sent: readonly Sent[]) => sent.map(({ data }) => String(data.id));
/** No stream is open: each is logged when it is over. */
const over = () => condition('every stream is over', () => ended() === opened, 10_000);
const ended = () => ledger.logged.filter((line) => line.includes('"route":"streamEvents","status":200')).length;

test('The stream sends all stored events, then new ones, each with its type and as in the feed', async () => {
  const stream = await open();
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
  expect(stream.response.headers.get('cache-control')).toBe('no-store');
  const sent = [...(await take(stream, 6))];
  expect(idsOf(sent)).toEqual(await expected());
  await ledger.issue();
  sent.push(...(await take(stream, 2)));
  expect(idsOf(sent)).toEqual(await expected());
  for (const { event, data } of sent) {
    expect(event).toBe(String(data.type));
    const shown = await ledger.call('GET', `/v1/events/${data.id}`, { key: ledger.a.apiKey });
    expect(data).toEqual(shown.body);
  }
  stream.leave();
  await over();
});

test('The stream continues from Last-Event-ID, else from the cursor in the query', async () => {
  const whole = await open();
  const all = await expected();
  const sent = await take(whole, all.length);
  whole.leave();
  for (const [index, { id }] of sent.entries()) {
    const rest = all.slice(index + 1);
    expect((await readFeed(ledger, ledger.a.apiKey, { cursor: id })).ids).toEqual(rest);
    if (rest.length === 0) continue;
    for (const options of [{ lastEventId: id, query: `?cursor=${sent[0]?.id}` }, { query: `?cursor=${id}` }]) {
      const resumed = await open(options);
      expect(idsOf(await take(resumed, rest.length))).toEqual(rest);
      resumed.leave();
    }
  }
  await over();
});

test('A stream of one type sends only that type and moves the cursor past the others', async () => {
  const start = (await readFeed(ledger, ledger.a.apiKey, { query: 'types=LicenseRevoked&limit=1' })).cursor;
  const stream = await open({ query: `?types=LicenseRevoked&cursor=${start}` });
  const { licenseId } = await ledger.issue();
  const moved = stream.next();
  await condition('the cursor has moved', () => stream.lastId() !== '' && stream.lastId() !== start);
  const body = { reason: { code: 'OVER' } };
  await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, { key: ledger.a.apiKey, body });
  expect(await moved).toMatchObject({ event: 'ledger.license.revoked.v1', data: { subject: licenseId } });
  stream.leave();
  await over();
});

test('The stream sends comments while there are no events', async () => {
  const { cursor } = await readFeed(ledger, ledger.a.apiKey);
  const stream = await open({ query: `?cursor=${cursor}` });
  const next = stream.next();
  await condition('comments come', () => stream.comments() > 2);
  await ledger.issue();
  expect(await next).toMatchObject({ event: 'ledger.license.issued.v1' });
  stream.leave();
  await over();
});

test('The stream refuses the same requests as the feed before it begins', async () => {
  const { cursor } = await readFeed(ledger, ledger.b.apiKey);
  for (const options of [
    { query: '?types=x' },
    { query: `?cursor=${cursor}` },
    { lastEventId: 'x' },
    { query: '?wait=1' },
  ]) {
    const { response } = await open(options);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'INVALID_REQUEST' });
  }
  const unknown = await open({ key: 'lgr_live_x' });
  expect(unknown.response.status).toBe(401);
});

test('HEAD on the stream is answered and leaves nothing open', async () => {
  opened += 25;
  for (let times = 0; times < 25; times++)
    expect((await ledger.call('HEAD', '/v1/events/stream', { key: ledger.a.apiKey })).status).toBe(200);
  await over();
});

test('Each organization has a maximum of open streams, and a closed stream frees a place', async () => {
  const streams = await Promise.all(Array.from({ length: 20 }, () => open()));
  expect(streams.map(({ response }) => response.status)).toEqual(Array(20).fill(200));
  const { response } = await open();
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '10']);
  expect(await response.json()).toMatchObject({ code: 'RATE_LIMITED' });
  const theirs = await open({ key: ledger.b.apiKey });
  expect(theirs.response.status).toBe(200);
  streams[0]?.leave();
  await condition('there is room', async () => {
    const again = await open();
    streams.push(again);
    return again.response.status === 200;
  });
  for (const stream of [...streams, theirs]) stream.leave();
  await over();
});

test('The stream ends when its credential is revoked, even while the server remembers the credential', async () => {
  const { apiKey, apiKeyId, organizationId } = await ledger.createKey(ledger.a.organizationId, ['events:read']);
  const stream = await open({ key: apiKey });
  await take(stream, 1);
  const by = { type: 'SYSTEM' } as const;
  const command = { type: 'RevokeApiKey', at: new Date().toISOString(), by, data: { apiKeyId } } as const;
  await sendCommand(ledger.executor, organizationAggregate, organizationId, command, context(), () => null);
  while ((await stream.next()) !== null);
  await over();
  const [other, refused] = [await ledger.createKey(organizationId, ['events:read']), await open({ key: apiKey })];
  expect(refused.response.status).toBe(401);
  expect((await ledger.call('GET', '/v1/events', { key: other.apiKey })).status).toBe(200);
  await ledger.database.superuser.query('update identity.api_keys set revoked_at = now() where api_key_id = $1', [
    other.apiKeyId,
  ]);
  expect((await open({ key: other.apiKey })).response.status).toBe(401);
});

test('Streams end with a whole event when the server stops', async () => {
  const stream = await open();
  await take(stream, 1);
  ledger.beginStop();
  while ((await stream.next()) !== null);
  await over();
});
