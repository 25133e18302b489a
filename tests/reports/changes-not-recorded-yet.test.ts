import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCurrentValidations } from '../../src/application/reading/current-validations.ts';
import { readValidationInput } from '../../src/application/validation/validation-input.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { Limits } from '../../src/domain/license/usage/usage-limits.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { holderHashes } from '../../src/identity/fingerprint.ts';
import { createValidationReader } from '../../src/projections/queries/validation.ts';
import { to } from '../domain/license/commands.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { testId } from '../support/license-fixtures.ts';
import { shareLedger } from '../support/shared-ledger.ts';

// Announced changes whose instant has passed, while no worker runs that records them.

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const lease = { scope: 'INSTANCE', ttlSeconds: 3600, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
const names = ['one', 'two', 'three'];
const send = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  ledger.call(method, `/v1/licenses/${path}`, {
    key: ledger.a.apiKey,
    ...(body === undefined ? {} : { body }),
    headers,
  });

/** Returns the product with a clock that stands at an instant. */
const standingAt = (at: string) => ({ ...ledger, needs: { now: () => at } });
const hoursAgo = (hours: number) => new Date(Date.parse(ledger.needs.now()) - hours * 3_600_000).toISOString();

/** Announces another policy with these limits for the next millisecond. Nobody records it at its instant. */
const announce = async (licenseId: string, strategy: PinnedPolicy['limitStrategy'], limits: Limits) => {
  const policy = { ...builtInPolicy('FREE', testId('pol', 'FREE')), lease, deviceNamesByKey: true };
  const at = ledger.needs.now();
  const effectiveAt = new Date(Date.parse(at) + 1).toISOString();
  const target = to({ ...policy, limitStrategy: strategy }, { limits });
  await sendTo(standingAt(at), licenseId, { type: 'ChangeTier', data: { target, scheduled: { effectiveAt } } });
};
const atMost = (count: number): Limits => ({ activations: count, seats: count, users: count, meters: {} });

/** Issues a license, with three devices, three seats and three users. */
const issueInUse = async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { lease, deviceNamesByKey: true } });
  for (const name of names) {
    const answers = [
      await send('POST', 'activate', { licenseKey, fingerprint: name, name }),
      await send('POST', 'leases', { licenseKey, leaseHolder: name }),
      await send('POST', `${licenseId}/users`, { user: name }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
    for (const { headers } of answers)
      await ledger.projected.waitFor(BigInt(headers.get('ledger-position') ?? 0), 10_000);
  }
  return { licenseId, licenseKey };
};

test('Validations after an announced change read the log once, until there is news of the license', async () => {
  const { licenseId, licenseKey } = await issueInUse();
  await announce(licenseId, 'EVICT_OLDEST', atMost(1));
  let reads = 0;
  const read: Executor['read'] = (...request) => {
    reads += 1;
    return ledger.executor.read(...request);
  };
  const { database, secrets, a, needs } = ledger;
  const executor = { ...ledger.executor, read };
  const validations = createCurrentValidations(createValidationReader(database.api), {
    ...{ executor, pool: database.api, now: needs.now },
  });
  const codeNow = async (fingerprint: string) => {
    const license = await validations.byId(a.organizationId, licenseId);
    if (license === null) throw new Error('The license was issued.');
    const named = { fingerprint, leaseHolder: fingerprint, user: fingerprint, activationId: undefined };
    const { view, scope } = await readValidationInput({ pool: database.api, validations, secrets }, license, named);
    return validate(view, scope, needs.now()).code;
  };
  const codes = async () => [await codeNow('one'), await codeNow('two'), await codeNow('three')];
  const evicted = ['USER_NOT_ASSIGNED', 'USER_NOT_ASSIGNED', 'VALID'];
  expect([await codes(), await codes(), reads]).toEqual([evicted, evicted, 1]);
  // An event that is in the rows counts at once.
  const other = await send('POST', `${licenseId}/suspend`, { reason: { code: 'FRAUD' } });
  await ledger.projected.waitFor(BigInt(other.headers.get('ledger-position') ?? 0), 10_000);
  expect([await codeNow('three'), (await send('POST', 'validate', { licenseKey })).body.code]).toEqual([
    'SUSPENDED',
    'SUSPENDED',
  ]);
});

test('An announcement that becomes due after another one counts, although the first is not recorded yet', async () => {
  const { licenseId, licenseKey } = await issueInUse();
  await announce(licenseId, 'EVICT_OLDEST', atMost(2));
  const codeNow = async () => (await send('POST', 'validate', { licenseKey, fingerprint: 'two' })).body.code;
  expect(await codeNow()).toBe('VALID');
  await announce(licenseId, 'EVICT_OLDEST', atMost(1));
  expect(await codeNow()).toBe('NOT_ACTIVATED');
});

test('Metadata can be changed with the ETag just read, although an announced change is not recorded yet', async () => {
  const { licenseId } = await issueDirectly(ledger);
  await announce(licenseId, 'REJECT', atMost(1));
  const etag = async () => (await send('GET', licenseId)).headers.get('etag') ?? '';
  const read = await etag();
  const changed = await send('PATCH', licenseId, { metadata: { team: 'blue' } }, { 'if-match': read });
  expect([changed.status, changed.headers.get('etag')]).toEqual([200, await etag()]);
  const late = await send('PATCH', licenseId, { metadata: { team: 'green' } }, { 'if-match': read });
  expect([late.status, late.body.code]).toEqual([412, 'REVISION_MISMATCH']);
  const both = { metadata: { team: 'red' }, externalRef: 'sub_1' };
  const recorded = await send('PATCH', licenseId, both, { 'if-match': await etag() });
  expect(recorded.status).toBe(200);
  await ledger.projected.waitFor(BigInt(recorded.headers.get('ledger-position') ?? 0), 10_000);
  expect(recorded.headers.get('etag')).toBe(await etag());
});

test('A command that changes nothing answers with the ETag that the next read has', async () => {
  const { licenseId } = await issueDirectly(ledger);
  await announce(licenseId, 'REJECT', atMost(1));
  const same = await send('PATCH', licenseId, { externalRef: null });
  expect([same.status, same.body.changed]).toEqual([200, false]);
  expect(same.headers.get('etag')).toBe((await send('GET', licenseId)).headers.get('etag'));
});

test('A refusal at the limit still lists the devices and the seats after an announced downgrade', async () => {
  const { licenseId, licenseKey } = await issueInUse();
  await announce(licenseId, 'REJECT', atMost(1));
  const device = await send('POST', 'activate', { licenseKey, fingerprint: 'four' });
  expect([device.body.code, device.body.activations]).toMatchObject(['ACTIVATION_LIMIT_EXCEEDED', [{}, {}, {}]]);
  const seat = await send('POST', 'leases', { licenseKey, leaseHolder: 'four' });
  expect([seat.body.code, seat.body.leases]).toMatchObject(['SEAT_LIMIT_EXCEEDED', [{}, {}, {}]]);
});

test('Lists of devices and users and of what is at its limit leave out what an announced downgrade has ended', async () => {
  const { licenseId, licenseKey } = await issueInUse();
  const listed = async (list: string) => (await send('GET', `${licenseId}/${list}`)).body.data?.length;
  expect([await listed('activations'), await listed('users')]).toEqual([3, 3]);
  await announce(licenseId, 'EVICT_OLDEST', atMost(1));
  expect([await listed('activations'), await listed('users')]).toEqual([1, 1]);
  const { usage } = (await send('GET', licenseId)).body;
  expect(usage).toMatchObject({ activations: 1, users: 1 });
  await announce(licenseId, 'EVICT_OLDEST', atMost(0));
  const device = await send('POST', 'activate', { licenseKey, fingerprint: 'four' });
  expect([device.body.code, device.body.activations]).toEqual(['ACTIVATION_LIMIT_EXCEEDED', []]);
  const seat = await send('POST', 'leases', { licenseKey, leaseHolder: 'four' });
  expect([seat.body.code, seat.body.leases]).toEqual(['SEAT_LIMIT_EXCEEDED', []]);
});

test.each([
  ['LEASE_EXPIRED', 'two hours', [2]],
  ['NO_LEASE', 'three days', [72]],
  ['LEASE_EXPIRED', 'three days, and again two hours', [72, 2]],
] as const)(
  'A validation answers %s for a seat that lapsed %s ago, from rows and from the stream',
  async (code, _, lapses) => {
    const first = standingAt(hoursAgo(100));
    const { licenseId, licenseKey } = await issueDirectly(first, { policy: { lease } });
    const { a, secrets } = ledger;
    const [holderHash = ''] = holderHashes(secrets, a.organizationId, 'one', false);
    for (const hours of lapses) {
      const leaseId = encodeId('lea', aggregateId(newCommandId(), 'lease'));
      const data = { leaseId, holderHash, product: null, userRef: null, borrowSeconds: null, dead: [] };
      await sendTo(standingAt(hoursAgo(hours + 1)), licenseId, { type: 'AcquireLease', data });
      const lapse = { leaseId, lastSeenAt: hoursAgo(hours + 1) };
      await sendTo(standingAt(hoursAgo(hours - 0.1)), licenseId, { type: 'LapseLease', data: lapse });
    }
    const codeNow = async () => (await send('POST', 'validate', { licenseKey, leaseHolder: 'one' })).body.code;
    expect(await codeNow()).toBe(code);
    await announce(licenseId, 'REJECT', atMost(1));
    expect(await codeNow()).toBe(code);
  },
);
