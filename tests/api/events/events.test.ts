import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseEventTypes } from '../../../src/aggregates/codec-license.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { feedIn, readFeed } from '../../support/feed.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
let held: string;
beforeAll(async () => {
  ledger = await startLedger();
  const { licenseId, licenseKey } = await ledger.issue({ metadata: { note: 'written-by-a-person-metadata' } });
  ({ licenseId: held } = await ledger.issue({ holderOrganizationId: ledger.b.organizationId }));
  await ledger.issue({}, ledger.b);
  const device = { licenseKey, fingerprint: 'written-by-a-person-device', name: 'written-by-a-person-name' };
  await ledger.call('POST', '/v1/licenses/activate', { body: device });
  const reason = { code: 'PAYMENT', text: 'written-by-a-person-reason' };
  for (const [verb, body] of [
    ['suspend', { reason }],
    ['reinstate', {}],
    ['renew', { duration: 'P1Y' }],
  ] as const)
    await ledger.call('POST', `/v1/licenses/${licenseId}/${verb}`, { key: ledger.a.apiKey, body });
});
afterAll(() => ledger.stop());

const get = (query: string, key = ledger.a.apiKey) => ledger.call('GET', `/v1/events${query}`, { key });
const idsOf = async (organizationId: string) =>
  feedIn(await ledger.events(), organizationId).map(({ id }) => encodeId('evt', id));

describe('The feed', () => {
  test('has every event of the licenses that an organization issues or holds, in the order of the log', async () => {
    for (const { organizationId, apiKey } of [ledger.a, ledger.b]) {
      const expected = await idsOf(organizationId);
      expect(expected.length).toBeGreaterThan(3);
      for (const query of ['', 'limit=1', 'limit=3', 'limit=1000'])
        expect((await readFeed(ledger, apiKey, { query })).ids).toEqual(expected);
    }
  });

  test('begins with the newest event with order=desc, in pages of any size', async () => {
    for (const { organizationId, apiKey } of [ledger.a, ledger.b]) {
      const expected = (await idsOf(organizationId)).toReversed();
      for (const query of ['order=desc', 'order=desc&limit=1', 'order=desc&limit=3'])
        expect((await readFeed(ledger, apiKey, { query })).ids).toEqual(expected);
    }
  });

  test('of some types and of an issuer is also read backwards', async () => {
    const types = 'types=LicenseIssued,LicenseRenewed';
    for (const filter of [types, `${types}&issuer=${ledger.a.organizationId}`, `issuer=${ledger.b.organizationId}`]) {
      const { ids } = await readFeed(ledger, ledger.b.apiKey, { query: filter });
      expect(ids).not.toEqual([]);
      for (const limit of [1, 2, 100]) {
        const query = `order=desc&limit=${limit}&${filter}`;
        expect((await readFeed(ledger, ledger.b.apiKey, { query })).ids).toEqual(ids.toReversed());
      }
    }
  });

  test('of one license has its events only, in both orders, and its cursor works only with it', async () => {
    const { body } = await get('?limit=1');
    const license = Object.values(body.data ?? {})[0]?.subject;
    const own = feedIn(await ledger.events(), ledger.a.organizationId).filter(
      ({ stream }) => stream === `license-${license}`,
    );
    const expected = own.map(({ id }) => encodeId('evt', id));
    expect(expected.length).toBeGreaterThan(1);
    for (const [order, ids] of [
      ['asc', expected],
      ['desc', expected.toReversed()],
    ] as const)
      expect((await readFeed(ledger, ledger.a.apiKey, { query: `license=${license}&order=${order}` })).ids).toEqual(
        ids,
      );
    const { body: newest } = await get(`?order=desc&limit=1&license=${license}`);
    expect((await get(`?license=${license}&cursor=${newest.nextCursor}`)).body.data).toEqual([]);
    expect((await get(`?cursor=${newest.nextCursor}`)).body.code).toBe('INVALID_REQUEST');
    const { headers } = await get(`?limit=1&license=${license}`);
    const next = /<\/v1\/events(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? '';
    expect((await get(next)).body.data).toMatchObject([{ id: expected[1] }]);
  });

  test('goes on behind the newest event, whose cursor order=desc and limit=1 return', async () => {
    for (const types of ['', '&types=LicenseIssued', '&types=LicenseRevoked']) {
      const { body } = await get(`?order=desc&limit=1${types}`);
      const next = await get(`?cursor=${body.nextCursor}${types}`);
      expect([next.status, next.body.data, next.body.hasMore]).toEqual([200, [], false]);
    }
    const waiting = await get('?order=desc&wait=1');
    expect([waiting.status, waiting.body.code]).toEqual([400, 'INVALID_REQUEST']);
    const { headers } = await get('?order=desc&limit=1');
    expect(headers.get('link')).toContain('/v1/events?order=desc&limit=1&cursor=');
  });

  test('returns events as CloudEvents with their actor and reason', async () => {
    const { body } = await get('?types=ledger.license.suspended.v1');
    const stored = (await ledger.events()).find(({ type }) => type === 'LicenseSuspended');
    if (stored === undefined) throw new Error('Nothing was suspended.');
    const { metadata } = stored;
    expect(body.data).toEqual([
      {
        specversion: '1.0',
        id: encodeId('evt', stored.id),
        source: `/organizations/${ledger.a.organizationId}`,
        type: 'ledger.license.suspended.v1',
        subject: stored.stream.slice('license-'.length),
        time: metadata.effectiveAt,
        datacontenttype: 'application/json',
        recordedtime: metadata.recordedAt,
        sequence: expect.stringMatching(/^\d{16}$/),
        position: String(stored.position.commit),
        revision: Number(stored.revision),
        correlationid: metadata.$correlationId,
        causationid: metadata.$causationId,
        data: {
          ...stored.data,
          licenseId: stored.stream.slice('license-'.length),
          actor: { type: 'API_KEY', id: ledger.a.apiKeyId, onBehalfOf: null },
          reason: { code: 'PAYMENT' },
        },
      },
    ]);
  });

  test('links to the next page with the same filter while there is one', async () => {
    const { headers, body } = await get('?limit=1&types=ledger.license.issued.v1');
    const link = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? '';
    expect(link).toBe(`/v1/events?types=LicenseIssued&limit=1&cursor=${body.nextCursor}`);
    const next = await ledger.call('GET', link, { key: ledger.a.apiKey });
    expect([next.status, Object.values(next.body.data ?? {}).map(({ type }) => type)]).toEqual([
      200,
      ['ledger.license.issued.v1'],
    ]);
    expect((await get('?limit=1000')).headers.get('link')).toBeNull();
  });

  test('names the license in every type of event and hides no field of an event', async () => {
    const { body } = await get('?limit=1000');
    const stored = feedIn(await ledger.events(), ledger.a.organizationId);
    const shown = Object.values(body.data ?? {});
    expect(shown.map(({ data, subject }) => [data?.licenseId, subject])).toEqual(
      stored.map(({ stream }) => [stream.slice('license-'.length), stream.slice('license-'.length)]),
    );
    for (const [index, { data }] of stored.entries()) expect(shown[index]?.data).toMatchObject(data);
  });

  test('counts the events of the issuer without a gap, and tells the holder no sequence', async () => {
    const { body } = await get('?limit=1000');
    const history = await ledger.call('GET', `/v1/licenses/${held}/history`, { key: ledger.a.apiKey });
    const logged = (await ledger.events()).filter(
      ({ stream, metadata }) =>
        /^(license|catalog|organization)-/.test(stream) && metadata.issuerOrgId === ledger.a.organizationId,
    );
    const sequenceOf = (event: { readonly id: string }) => String(logged.indexOf(event as never)).padStart(16, '0');
    const expected = logged.filter(({ stream }) => stream.startsWith('license-'));
    const sequences = (entries: unknown) => Object.values(entries ?? {}).map(({ sequence }) => sequence);
    expect(sequences(body.data)).toEqual(expected.map(sequenceOf));
    expect([body.skippedFrom, body.skippedThrough]).toEqual([
      '0000000000000000',
      String(logged.length - 1).padStart(16, '0'),
    ]);
    expect(sequences(history.body.data)).toEqual(
      expected.filter(({ stream }) => stream === `license-${held}`).map(sequenceOf),
    );
    const [ofHolder] = Object.values((await get('?limit=1', ledger.b.apiKey)).body.data ?? {});
    expect(ofHolder).toMatchObject({ subject: held });
    expect(ofHolder).not.toHaveProperty('sequence');
    const heldHistory = await ledger.call('GET', `/v1/licenses/${held}/history`, { key: ledger.b.apiKey });
    for (const entry of Object.values(heldHistory.body.data ?? {})) expect(entry).not.toHaveProperty('sequence');
  });

  test('contains no written text, no device name and no metadata', async () => {
    expect((await get('?limit=1000')).text).not.toContain('written-by-a-person');
  });

  test('returns a cursor with an empty page and continues from it', async () => {
    const quiet = await ledger.createVendor('Quiet');
    const empty = await get('', quiet.apiKey);
    // Its log has the organization, its key and its catalog.
    const skipped = { skippedFrom: '0000000000000000', skippedThrough: expect.stringMatching(/^0{14}\d\d$/) };
    expect(empty.body).toEqual({ data: [], nextCursor: expect.any(String), hasMore: false, ...skipped });
    const { cursor } = await readFeed(ledger, quiet.apiKey);
    await ledger.issue({}, quiet);
    expect((await readFeed(ledger, quiet.apiKey, { cursor })).ids).toEqual(await idsOf(quiet.organizationId));
    const end = await readFeed(ledger, quiet.apiKey);
    await ledger.issue({}, quiet);
    const later = await readFeed(ledger, quiet.apiKey, { cursor: end.cursor });
    expect([...end.ids, ...later.ids]).toEqual(await idsOf(quiet.organizationId));
  });

  test('filtered by types has all events of them, and its cursor works only with these types', async () => {
    const types = 'types=ledger.license.issued.v1,LicenseRenewed';
    const stored = feedIn(await ledger.events(), ledger.a.organizationId);
    const wanted = stored.filter(({ type }) => type === 'LicenseIssued' || type === 'LicenseRenewed');
    const expected = wanted.map(({ id }) => encodeId('evt', id));
    const { ids, cursor } = await readFeed(ledger, ledger.a.apiKey, { query: `${types}&limit=1` });
    expect(ids).toEqual(expected);
    expect((await get(`?types=LicenseRenewed,LicenseIssued&cursor=${cursor}`)).status).toBe(200);
    const other = await get(`?types=LicenseIssued&cursor=${cursor}`);
    expect([other.status, other.body.code, other.body.errors]).toMatchObject([
      400,
      'INVALID_REQUEST',
      [{ pointer: '?cursor', detail: expect.stringContaining('another list of types') }],
    ]);
  });

  test('has a type for every event of a license', async () => {
    const all = licenseEventTypes();
    expect(all.length).toBeGreaterThan(30);
    expect((await get(`?types=${all.join(',')}`)).status).toBe(200);
  });

  test.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'wait=31',
    'wait=-1',
    'wait=1.5',
    'types=',
    'types=LicenseGilded',
    'types=LicenseIssued,,',
    'types=ledger.license.issued.v',
    'cursor=x',
    'cursor=',
    'cursor=%00',
    'from=now',
  ])('refuses %s', async (query) => {
    const { status, body } = await get(`?${query}`);
    expect([status, body.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(JSON.stringify(body.errors)).toContain(query === 'from=now' ? 'from' : `?${query.split('=')[0]}`);
  });

  test('refuses a cursor of another organization or another list', async () => {
    const { cursor } = await readFeed(ledger, ledger.b.apiKey);
    const licenses = await ledger.call('GET', '/v1/licenses?limit=1', { key: ledger.a.apiKey });
    for (const foreign of [cursor, String(licenses.body.nextCursor)]) {
      const { status, body } = await get(`?cursor=${foreign}`);
      expect([status, body.detail]).toEqual([400, expect.stringContaining('not a cursor of this feed')]);
    }
  });

  test('is only for callers who may read events', async () => {
    const { apiKey } = await ledger.createKey(ledger.a.organizationId, ['licenses:read', 'licenses:write']);
    for (const path of ['', '/stream', `/${encodeId('evt', (await ledger.events())[0]?.id ?? '')}`]) {
      const { status, body } = await get(path, apiKey);
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    }
  });
});

describe('A single event', () => {
  test('is the same as in the feed, for its issuer and its holder', async () => {
    for (const { apiKey } of [ledger.a, ledger.b]) {
      const { body } = await get('?limit=1000', apiKey);
      for (const event of Object.values(body.data ?? {})) {
        const answer = await get(`/${event.id}`, apiKey);
        expect([answer.status, answer.body]).toEqual([200, event]);
        expect(answer.headers.get('content-type')).toBe('application/json');
      }
    }
  });

  test('of another organization gets the same answer as an unknown one, to the byte', async () => {
    const [foreign] = (await ledger.events()).filter(
      ({ stream, metadata }) => stream.startsWith('license-') && metadata.issuerOrgId === ledger.b.organizationId,
    );
    const ask = (id: string) =>
      ledger.call('GET', `/v1/events/${id}`, { key: ledger.a.apiKey, headers: { 'x-request-id': 'the-same' } });
    const [theirs, unknown] = [
      await ask(encodeId('evt', foreign?.id ?? '')),
      await ask('evt_01h455vb4pex5vsknk084sn02q'),
    ];
    expect([theirs.status, theirs.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(theirs.text).toBe(unknown.text);
    expect((await get('/evt_1')).status).toBe(400);
  });

  test('of a held license can be read by the holder', async () => {
    const { body } = await get('?limit=1000', ledger.b.apiKey);
    expect(Object.values(body.data ?? {}).filter(({ subject }) => String(subject) === held).length).toBe(2);
  });
});
