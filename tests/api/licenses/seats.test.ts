import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { to } from '../../domain/license/commands.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Fields, type Ledger, startLedger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';
import { clientOf, outline } from '../client/client.ts';
import { commanding, later, refusal } from './commanding.ts';

const ttlSeconds = 100;
const lease = { scope: 'INSTANCE', ttlSeconds, resurrectSeconds: 0, borrowMaxSeconds: 86_400 } as const;
let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const issue = (policy: Partial<PinnedPolicy> = {}, data: object = {}) =>
  issueDirectly(ledger, { holderOrgId: ledger.b.organizationId, ...data, policy: { lease, ...policy } });
const take = async (licenseKey: string, leaseHolder: string, fields: object = {}): Promise<string> => {
  const answer = await client.post('leases', licenseKey, { leaseHolder, ...fields });
  expect(outline(answer)).toEqual([201]);
  return String(answer.body.lease?.id);
};
const seats = async (licenseId: string, key = ledger.a.apiKey): Promise<readonly Fields[]> => {
  const { status, body } = await api.send('GET', licenseId, 'leases', undefined, key);
  expect(status).toBe(200);
  return Object.values(body.data ?? {});
};
const seatsInOneHour = (licenseId: string) => later(ledger, 3_600, () => seats(licenseId));
const release = (licenseId: string, leaseId: string, key = ledger.a.apiKey, reason?: object) =>
  api.send('DELETE', licenseId, `leases/${leaseId}`, reason === undefined ? undefined : { reason }, key);
const heartbeat = (licenseKey: string, leaseId: string) => client.post(`leases/${leaseId}/heartbeat`, licenseKey);
/** The names of holders in the vault, of a license of organization A. */
const storedNames = (licenseId: string) =>
  asTenant(ledger.needs.pool, ledger.a.organizationId, async (db) => {
    const text = 'select name from vault.seat_holders where license_id = $1 order by name';
    return (await db.query<{ name: string }>(text, [licenseId])).rows.map(({ name }) => name);
  });

describe('The list of seats', () => {
  test('shows who sits there, for which product and user, since when and until when, to issuer and holder', async () => {
    const { licenseId, licenseKey } = await issue();
    const fields = { product: 'local_cli', holderName: 'Ada at build-7' };
    const ada = await take(licenseKey, 'build-7', fields);
    const other = await take(licenseKey, 'build-8');
    const beat = await later(ledger, 60, () => heartbeat(licenseKey, ada));
    const [unnamed, named] = await seats(licenseId);
    expect(unnamed).toMatchObject({ id: other, product: null, holder: null, user: null, lastHeartbeatAt: null });
    expect(named).toMatchObject({
      ...{ id: ada, scope: 'INSTANCE', product: 'local_cli', holder: 'Ada at build-7', borrowed: false },
      ...{ released: false, until: beat.body.lease?.expiresAt },
    });
    expect(Date.parse(String(named?.until)) - Date.parse(String(named?.lastHeartbeatAt))).toBe(ttlSeconds * 1_000);
    expect(await seats(licenseId, ledger.b.apiKey)).toEqual([unnamed, named]);
    const stranger = await ledger.createVendor('Stranger');
    const refused = await api.send('GET', licenseId, 'leases', undefined, stranger.apiKey);
    expect(refusal(refused)).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(refusal(await release(licenseId, ada, stranger.apiKey))).toEqual([404, 'LICENSE_NOT_FOUND']);
  });

  test('has pages, the last taken first', async () => {
    const { licenseId, licenseKey } = await issue();
    const taken: string[] = [];
    for (const holder of ['a', 'b', 'c', 'd', 'e'])
      taken.unshift(await take(licenseKey, holder, { borrowSeconds: 60 }));
    const [second = ''] = taken.splice(1, 1);
    await release(licenseId, second);
    const paged: unknown[] = [];
    let path = `/v1/licenses/${licenseId}/leases?limit=2`;
    while (path !== '') {
      const { body, headers } = await ledger.call('GET', path, { key: ledger.b.apiKey });
      paged.push(...Object.values(body.data ?? {}).map(({ id, released }) => `${id} ${released}`));
      path = /<([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
    }
    expect(paged).toEqual([`${taken[0]} false`, `${second} true`, ...taken.slice(1).map((id) => `${id} false`)]);
  });

  test('leaves out a seat without heartbeats that no event has ended, and a borrow that is over', async () => {
    const { licenseId, licenseKey } = await issue();
    await take(licenseKey, 'silent');
    const alive = await take(licenseKey, 'alive');
    await take(licenseKey, 'borrower', { borrowSeconds: 3_600 });
    expect(outline(await later(ledger, 3_550, () => heartbeat(licenseKey, alive)))).toEqual([200]);
    expect(await seats(licenseId)).toHaveLength(3);
    expect((await seatsInOneHour(licenseId)).map(({ id }) => id)).toEqual([alive]);
    expect(await api.historyOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseAcquired', 'LeaseAcquired']);
  });

  test('leaves out the seats that a scheduled change has ended before its event', async () => {
    const { licenseId, licenseKey } = await issue();
    await take(licenseKey, 'one', { borrowSeconds: 86_400 });
    const effectiveAt = new Date(Date.parse(ledger.needs.now()) + 1_800_000).toISOString();
    const policy = { ...builtInPolicy('FREE', testId('pol', 'FREE')), lease, limitStrategy: 'EVICT_OLDEST' } as const;
    const target = to(policy, { limits: { activations: 0, seats: 0, users: 0, meters: {} } });
    await sendTo(ledger, licenseId, { type: 'ChangeTier', data: { target, scheduled: { effectiveAt } } });
    expect((await seats(licenseId)).map(({ released }) => released)).toEqual([false]);
    // The borrow works on, so the seat stays taken.
    expect((await seatsInOneHour(licenseId)).map(({ released }) => released)).toEqual([true]);
  });
});

describe('A seat that an administrator releases', () => {
  test.each([
    ['the issuer', () => ledger.a.apiKey],
    ['the holder', () => ledger.b.apiKey],
  ])('ends for %s with a reason, once, and is free for others', async (_, key) => {
    const { licenseId, licenseKey } = await issue({ deactivateByKey: 'OWN' }, { limits: { seats: 1 } });
    const leaseId = await take(licenseKey, 'one', { holderName: 'Ada' });
    expect(outline(await client.post('leases', licenseKey, { leaseHolder: 'two' }))).toEqual([
      409,
      'SEAT_LIMIT_EXCEEDED',
    ]);
    const reason = { code: 'SEAT_NEEDED', text: 'Ada is on holiday' };
    const released = await release(licenseId, leaseId, key(), reason);
    expect([released.status, released.body]).toMatchObject([200, { changed: true, license: { usage: { seats: 0 } } }]);
    expect((await release(licenseId, leaseId, key())).body).toMatchObject({ changed: false });
    expect(await seats(licenseId)).toEqual([]);
    const history = await api.send('GET', licenseId, 'history?order=desc&limit=1');
    expect(history.body.data?.[0]).toMatchObject({ type: 'LeaseReleased', data: { cause: 'ADMIN' }, reason });
    expect(await storedNames(licenseId)).toEqual([]);
    const fields = { licenseKey, leaseHolder: 'one' };
    const late = await ledger.call('POST', `/v1/licenses/leases/${leaseId}/heartbeat`, { body: fields });
    expect(outline(late)).toEqual([404, 'NOT_FOUND']);
    expect(late.body.detail).toContain('was released');
    await take(licenseKey, 'two');
    expect(outline(await client.post('leases', licenseKey, { leaseHolder: 'one' }))).toEqual([
      409,
      'SEAT_LIMIT_EXCEEDED',
    ]);
  });

  test('stays taken until its borrow ends, unless the policy reclaims it', async () => {
    for (const reclaimBorrowed of [false, true]) {
      const { licenseId, licenseKey } = await issue({ reclaimBorrowed }, { limits: { seats: 1 } });
      const borrow = { borrowSeconds: 1_800, holderName: 'Grace' };
      const leaseId = await take(licenseKey, 'one', borrow);
      const until = (await seats(licenseId))[0]?.until;
      expect((await release(licenseId, leaseId)).body.license?.usage?.seats).toBe(reclaimBorrowed ? 0 : 1);
      const listed = [{ id: leaseId, holder: 'Grace', borrowed: true, released: true, until }];
      expect(await seats(licenseId)).toMatchObject(reclaimBorrowed ? [] : listed);
      expect(await seatsInOneHour(licenseId)).toEqual([]);
    }
  });

  test('by the address of the client, too, has no name in the vault afterwards', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await take(licenseKey, 'one', { holderName: 'Ada' });
    const path = `/v1/licenses/leases/${leaseId}?licenseId=${licenseId}`;
    const released = await ledger.call('DELETE', path, { key: ledger.a.apiKey });
    expect([released.status, released.body]).toMatchObject([200, { changed: true }]);
    expect(await storedNames(licenseId)).toEqual([]);
    const borrowed = await take(licenseKey, 'two', { holderName: 'Grace', borrowSeconds: 60 });
    const withheld = `/v1/licenses/leases/${borrowed}?licenseId=${licenseId}`;
    expect((await ledger.call('DELETE', withheld, { key: ledger.a.apiKey })).status).toBe(200);
    expect(await storedNames(licenseId)).toEqual(['Grace']);
  });

  test('must be a seat of this license', async () => {
    const [first, second] = [await issue(), await issue()];
    const leaseId = await take(first.licenseKey, 'one');
    expect(refusal(await release(second.licenseId, leaseId))).toEqual([404, 'NOT_FOUND']);
    expect(await seats(first.licenseId)).toHaveLength(1);
  });
});

describe('The name of who sits there', () => {
  test('is in no event, and a later request of the same holder replaces it', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await take(licenseKey, 'one', { holderName: 'Unmistakable Ada' });
    const again = await client.post('leases', licenseKey, { leaseHolder: 'one', holderName: 'Unmistakable Grace' });
    expect([again.status, again.body.lease?.id]).toEqual([200, leaseId]);
    await client.post('leases', licenseKey, { leaseHolder: 'one' });
    expect((await seats(licenseId)).map(({ holder }) => holder)).toEqual(['Unmistakable Grace']);
    const log = JSON.stringify(await ledger.events(), (_, value) => (typeof value === 'bigint' ? '' : value));
    expect(log).not.toContain('Unmistakable');
    const blank = await client.post('leases', licenseKey, { leaseHolder: 'one', holderName: '	' });
    expect(outline(blank)).toEqual([400, 'INVALID_REQUEST']);
  });

  test('goes to the next holder of the license with the seat, and is erased without it', async () => {
    for (const activations of ['KEEP', 'RELEASE']) {
      const { licenseId, licenseKey } = await issue();
      await take(licenseKey, 'one', { holderName: 'Ada' });
      const next = await ledger.createVendor('Next holder');
      await ledger.consent(next.organizationId);
      const transfer = { toHolderOrganizationId: next.organizationId, accepted: true, activations };
      await api.done(licenseId, 'transfer', transfer);
      const expected = activations === 'KEEP' ? ['Ada'] : [];
      expect((await seats(licenseId, next.apiKey)).map(({ holder }) => holder)).toEqual(expected);
      expect(await storedNames(licenseId)).toEqual(expected);
    }
  });

  test('is erased a day after the seat has ended, with the next name of the license', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await take(licenseKey, 'one', { holderName: 'Ada' });
    await client.release(leaseId, licenseKey);
    await take(licenseKey, 'two', { holderName: 'Grace' });
    expect(await storedNames(licenseId)).toEqual(['Ada', 'Grace']);
    await later(ledger, 26 * 3_600, () =>
      client.post('leases', licenseKey, { leaseHolder: 'three', holderName: 'Joan' }),
    );
    expect(await storedNames(licenseId)).not.toContain('Ada');
  });
});
