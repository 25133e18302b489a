import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
let licenseId: string;
const moments: Record<string, string> = {};
/** Everything before happened earlier than this instant, everything after later. */
const moment = async (name: string) => {
  ledger.clock.aheadMs += 60_000;
  moments[name] = new Date(Date.now() + ledger.clock.aheadMs).toISOString();
  ledger.clock.aheadMs += 60_000;
};
const post = (verb: string, body: object) =>
  ledger.call('POST', `/v1/licenses/${licenseId}/${verb}`, { key: ledger.a.apiKey, body });
beforeAll(async () => {
  ledger = await startLedger();
  await moment('before');
  const issued = await ledger.issue({ term: { duration: 'P1D' }, metadata: { note: 'now' } });
  licenseId = issued.licenseId;
  await moment('issued');
  await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey: issued.licenseKey, fingerprint: 'one' } });
  await moment('activated');
  await post('suspend', { reason: { code: 'PAYMENT' } });
  await moment('suspended');
  await post('reinstate', {});
  await moment('reinstated');
  ledger.clock.aheadMs += 86_400_000;
  await moment('expired');
  await post('renew', { duration: 'P1Y', basis: 'FROM_NOW' });
  await moment('renewed');
  await transfer(ledger.b.organizationId);
  await moment('transferred');
  await post('revoke', { reason: { code: 'OVER' } });
  await moment('revoked');
});
afterAll(() => ledger.stop());

const transfer = async (toHolderOrgId: string) => {
  const data = { toHolderOrgId, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
  const command = { type: 'Transfer', at: ledger.needs.now(), data } as const;
  const done = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
  if ('rejected' in done) throw new Error(done.detail);
  await ledger.projected.waitFor(done.position.commit, 10_000);
};

const asOf = (instant: string | undefined, key = ledger.a.apiKey, id = licenseId) =>
  ledger.call('GET', `/v1/licenses/${id}?asOf=${instant}`, { key, headers: { 'x-request-id': 'the-same' } });

describe('A license as of an instant', () => {
  test.each([
    ['issued', { status: 'ACTIVE', usage: { activations: 0 }, revision: 1 }],
    ['activated', { status: 'ACTIVE', usage: { activations: 1 }, revision: 2 }],
    ['suspended', { status: 'SUSPENDED', suspension: { reasonCode: 'PAYMENT' }, revision: 3 }],
    ['reinstated', { status: 'ACTIVE', suspension: null, revision: 4 }],
    // Announced only with the renewal, of an instant before this one.
    ['expired', { status: 'EXPIRED', term: { number: 1 }, revision: 5 }],
    ['renewed', { status: 'ACTIVE', term: { number: 2 }, revision: 6, holderOrganizationId: null }],
    ['transferred', { status: 'ACTIVE', revision: 7 }],
    ['revoked', { status: 'REVOKED', revision: 9 }],
  ])('has its state of the time when it was %s', async (name, expected) => {
    const { status, body } = await asOf(moments[name]);
    expect([status, body]).toMatchObject([200, { id: licenseId, metadata: {}, ...expected }]);
  });

  test('has its current state as of now', async () => {
    const now = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
    expect((await asOf(moments.revoked)).body).toEqual({ ...now.body, metadata: {} });
  });

  test('does not exist before it was issued, nor for other organizations', async () => {
    const unknown = await asOf(moments.revoked, ledger.a.apiKey, 'lic_01h455vb4pex5vsknk084sn02q');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect((await asOf(moments.before)).text).toBe(unknown.text);
    const stranger = await ledger.createVendor('Stranger');
    expect((await asOf(moments.revoked, stranger.apiKey)).text).toBe(unknown.text);
  });

  test('is visible to its holder since the transfer', async () => {
    expect((await asOf(moments.transferred, ledger.b.apiKey)).body).toMatchObject({
      id: licenseId,
      holderOrganizationId: ledger.b.organizationId,
    });
    expect((await asOf(moments.renewed, ledger.b.apiKey)).status).toBe(404);
  });

  test('includes events that were recorded later and took effect before', async () => {
    const other = await ledger.issue();
    await moment('other');
    const stored = (await ledger.events()).filter(({ stream }) => stream === `license-${other.licenseId}`);
    const [issued, keyed] = stored;
    if (issued === undefined || keyed === undefined) throw new Error('Nothing was issued.');
    const { id: _, ...revocation } = { ...keyed, type: 'LicenseRevoked', data: { reasonCode: 'OVER' } };
    await moment('recorded');
    const metadata = { ...keyed.metadata, recordedAt: moments.recorded ?? '' };
    const event = { id: '00000000-0000-4000-8000-000000000009', ...revocation, metadata };
    await ledger.store.connect().append(issued.stream, [event], 1n, { timeoutMs: 5_000 });
    expect((await asOf(moments.other, ledger.a.apiKey, other.licenseId)).body).toMatchObject({ status: 'REVOKED' });
  });

  test('is refused for a future or invalid instant', async () => {
    const later = new Date(Date.now() + ledger.clock.aheadMs + 3_600_000).toISOString();
    for (const instant of [later, '2026-01-01', 'yesterday', '']) {
      const { status, body } = await asOf(instant);
      expect([status, body.code, body.errors]).toMatchObject([400, 'INVALID_REQUEST', [{ pointer: '?asOf' }]]);
    }
  });
});

describe('The history', () => {
  const history = async (query: string, key = ledger.a.apiKey) => {
    const answer = await ledger.call('GET', `/v1/licenses/${licenseId}/history?${query}`, { key });
    return { ...answer, types: Object.values(answer.body.data ?? {}).map(({ type }) => String(type)) };
  };
  const all = [
    'LicenseIssued',
    'LicenseKeyIssued',
    'ActivationRecorded',
    'LicenseSuspended',
    'LicenseReinstated',
    'LicenseExpired',
    'LicenseRenewed',
    'LicenseTransferred',
    'LicenseRevoked',
    'ActivationDeactivated',
  ];

  test('filters by type and by instant of recording', async () => {
    expect((await history('types=LicenseRenewed,ledger.license.issued.v1')).types).toEqual([
      'LicenseIssued',
      'LicenseRenewed',
    ]);
    expect((await history(`from=${moments.activated}`)).types).toEqual(all.slice(3));
    expect((await history(`to=${moments.activated}`)).types).toEqual(all.slice(0, 3));
    expect((await history(`from=${moments.activated}&to=${moments.reinstated}&order=desc`)).types).toEqual(
      all.slice(3, 5).toReversed(),
    );
    const recorded = String((await history('types=LicenseSuspended')).body.data?.[0]?.recordedAt);
    expect((await history(`from=${recorded}&types=LicenseSuspended`)).types).toHaveLength(1);
    expect((await history(`to=${recorded}&types=LicenseSuspended`)).types).toHaveLength(0);
  });

  test('filters by who acted and by the request', async () => {
    type Entry = { type: string; actor: { type: string; id: string }; causationId: string; correlationId: string };
    const entries = (await history('')).body.data as unknown as readonly Entry[];
    const byLedger = entries.filter(({ actor }) => actor.type === 'SYSTEM').map(({ type }) => type);
    expect(byLedger).toContain('LicenseExpired');
    expect((await history('actor=SYSTEM')).types).toEqual(byLedger);
    const { apiKeyId } = ledger.a;
    const byKey = entries.filter(({ actor }) => actor.id === apiKeyId).map(({ type }) => type);
    expect(byKey).toContain('LicenseSuspended');
    expect((await history(`actor=${apiKeyId}`)).types).toEqual(byKey);
    expect((await history(`actor=${ledger.b.apiKeyId}&types=LicenseSuspended`)).types).toEqual([]);
    const suspended = entries.find(({ type }) => type === 'LicenseSuspended');
    for (const id of [suspended?.causationId, suspended?.correlationId])
      expect((await history(`requestId=${id}`)).types).toContain('LicenseSuspended');
    expect((await history(`requestId=${suspended?.causationId}&actor=SYSTEM`)).types).toEqual([]);
    expect((await history(`actor=${apiKeyId}&limit=1`)).headers.get('link')).toContain(`actor=${apiKeyId}`);
  });

  test('continues in pages with its filters by its link', async () => {
    const seen: string[] = [];
    let path: string | undefined =
      `/v1/licenses/${licenseId}/history?limit=1&from=${moments.issued}&types=LicenseSuspended,LicenseRevoked`;
    while (path !== undefined) {
      const answer = await ledger.call('GET', path, { key: ledger.a.apiKey });
      seen.push(...Object.values(answer.body.data ?? {}).map(({ type }) => String(type)));
      path = /<(.*)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['LicenseSuspended', 'LicenseRevoked']);
    const first = await history('limit=1&types=LicenseSuspended,LicenseRevoked');
    const other = await history(`limit=1&types=LicenseRevoked&cursor=${first.body.nextCursor}`);
    expect([other.status, other.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('is visible to its holder since the transfer', async () => {
    expect((await history('', ledger.b.apiKey)).types).toEqual(all.slice(-3));
  });

  test.each(['types=Nothing', 'from=x', 'to=', 'actor=', 'requestId=%00'])('refuses %s', async (query) => {
    const { status, body } = await history(query);
    expect([status, body.errors]).toMatchObject([400, [{ pointer: `?${query.split('=')[0]}` }]]);
  });
});
