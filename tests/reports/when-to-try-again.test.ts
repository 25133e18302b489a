import { expect, test } from 'vitest';
import { isRejection } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { IssuedLicense } from '../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { clientOf, outline } from '../api/client/client.ts';
import { command, followedBy } from '../domain/license/commands.ts';
import {
  activate,
  deactivate,
  expiresAt,
  issued,
  licenseAfter,
  noon,
  pro,
  renew,
  tomorrow,
} from '../domain/license/examples.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import { oneUse } from '../support/one-use.ts';
import { shareLedger } from '../support/shared-ledger.ts';

const day = 86_400;
const borrowing = { ...pro.lease, borrowMaxSeconds: 10 * day, resurrectSeconds: 10 * day };
const releasing = (rules: Partial<PinnedPolicy['deactivation']>) => ({
  policy: { ...pro, deactivation: { ...pro.deactivation, ...rules } },
});
const oneDevice = { activations: 1, seats: 0, users: 0, meters: {} };
const meter = { limits: { activations: 2, seats: 0, users: 0, meters: { builds: 5 } } };
const seat = (seats: number) => ({
  policy: { ...pro, lease: borrowing },
  limits: { activations: 2, seats, users: 0, meters: {} },
});
const acquire = (holder: string, borrowSeconds: number | null, at = noon) =>
  command(
    'AcquireLease',
    { leaseId: `l-${holder}`, holderHash: holder, product: null, userRef: null, borrowSeconds, dead: [] },
    at,
  );
const changeSeats = (seats: number, strategy: 'ALLOW_OVER' | 'REJECT') =>
  command('ChangeLimits', { limits: { activations: 2, seats, users: 0, meters: {} }, strategy });
const sixMinutesLater = '2026-06-01T12:06:00.000Z';
const lapsedThen = (...commands: readonly LicenseCommand[]) => [
  acquire('m1', null),
  command('LapseLease', { leaseId: 'l-m1', lastSeenAt: noon }, sixMinutesLater),
  ...commands,
];
const comeBack = command('RenewLease', { leaseId: 'l-m1', borrowSeconds: null }, sixMinutesLater);
const swap = (from: string, to: string) => {
  const { type, data } = activate(to);
  if (type !== 'Activate') throw new Error('This is no activation.');
  return command('SwapActivation', { release: { fingerprintHash: `hash-${from}` }, activate: data });
};
const lastHour = '2026-12-31T23:00:00.000Z';
const use = (quantity: number) =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity, usageId: `u${quantity}`, occurredAt: noon }), noon);
const oneReleased = [activate('a'), activate('b'), deactivate('a')];

type Case = readonly [string, Parameters<typeof issued>[0], readonly LicenseCommand[], LicenseCommand, object];

test.each<Case>([
  [
    'A cooldown says when the next device can be released',
    releasing({ cooldownSeconds: day }),
    oneReleased,
    deactivate('b'),
    { rejected: 'COOLDOWN_ACTIVE', retryAt: tomorrow, retryAfterSeconds: day },
  ],
  [
    'A cooldown says no instant when the swap after it has no room',
    releasing({ cooldownSeconds: day }),
    [...oneReleased, activate('c'), command('ChangeLimits', { limits: oneDevice, strategy: 'ALLOW_OVER' })],
    swap('b', 'd'),
    { rejected: 'COOLDOWN_ACTIVE', retryAt: undefined },
  ],
  [
    'A used-up allowance of the last term says no instant, because its end resets nothing',
    releasing({ maxPerTerm: 1 }),
    oneReleased,
    deactivate('b'),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: undefined },
  ],
  [
    'A used-up allowance says when the renewed term starts',
    releasing({ maxPerTerm: 1 }),
    [...oneReleased, renew()],
    deactivate('b'),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: expiresAt },
  ],
  [
    'A used-up allowance waits for a cooldown that reaches into the renewed term',
    releasing({ maxPerTerm: 1, cooldownSeconds: day }),
    [activate('a'), activate('b'), renew(), deactivate('a', lastHour)],
    deactivate('b', lastHour),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: '2027-01-01T23:00:00.000Z' },
  ],
  [
    'A policy without releases says no instant',
    releasing({ allowed: false }),
    oneReleased.slice(0, 2),
    deactivate('b'),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: undefined },
  ],
  [
    'A used-up meter of the last term says no instant, because its end resets nothing',
    meter,
    [use(4)],
    use(2),
    { rejected: 'QUOTA_EXCEEDED', retryAt: undefined },
  ],
  [
    'A used-up meter says when the renewed term starts',
    meter,
    [use(4), renew()],
    use(2),
    { rejected: 'QUOTA_EXCEEDED', retryAt: expiresAt },
  ],
  [
    'Usage above the whole limit says no instant, because no term allows it',
    meter,
    [renew()],
    use(6),
    { rejected: 'QUOTA_EXCEEDED', retryAt: undefined },
  ],
  [
    'Borrowed seats say when the first of them returns',
    seat(2),
    [acquire('m1', 2 * day), acquire('m2', day)],
    acquire('m3', null),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: tomorrow, retryAfterSeconds: day },
  ],
  [
    'Seats above a lowered limit say when so many have returned that another one fits',
    seat(3),
    [acquire('m1', 3 * day), acquire('m2', day), acquire('m3', 2 * day), changeSeats(2, 'ALLOW_OVER')],
    acquire('m4', null),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: '2026-06-03T12:00:00.000Z', retryAfterSeconds: 2 * day },
  ],
  [
    'A borrowed seat that was released early says when its borrow ends',
    seat(1),
    [acquire('m1', day), command('ReleaseLease', { leaseId: 'l-m1', by: 'USER' })],
    acquire('m2', null),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: tomorrow },
  ],
  [
    'A lower limit that is refused says no instant, because seats may be taken meanwhile',
    seat(2),
    [acquire('m1', day), acquire('m2', day)],
    changeSeats(1, 'REJECT'),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: undefined },
  ],
  [
    'A lapsed seat says when a borrowed one returns',
    seat(1),
    lapsedThen(acquire('m2', day, sixMinutesLater)),
    comeBack,
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: '2026-06-02T12:06:00.000Z', retryAfterSeconds: day },
  ],
  [
    'A lapsed seat says no instant when a floating one took its place, because heartbeats end none',
    seat(1),
    lapsedThen(acquire('m2', null, sixMinutesLater)),
    comeBack,
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: undefined },
  ],
  [
    'A floating seat says when it lapses without a heartbeat',
    seat(1),
    [acquire('m1', null)],
    acquire('m2', null, '2026-06-01T12:01:00.000Z'),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: '2026-06-01T12:06:00.000Z', retryAfterSeconds: 300 },
  ],
  [
    'A license without seats says no instant',
    seat(0),
    [],
    acquire('m1', null),
    { rejected: 'SEAT_LIMIT_EXCEEDED', retryAt: undefined },
  ],
  [
    'Too many devices say no instant, because only a release helps',
    {},
    [activate('a'), activate('b')],
    activate('c'),
    { rejected: 'ACTIVATION_LIMIT_EXCEEDED', retryAt: undefined },
  ],
])('%s', (_, terms, before, refused, expected) => {
  const license = licenseAfter(...followedBy([issued(terms)], ...before));
  const decision = licenseDecider.decide(refused, license, () => 'evt_1');
  expect({ retryAt: undefined, ...decision }).toMatchObject(expected);
  if (!isRejection(decision) || decision.retryAt === undefined) return;
  const repeated = againAt(decision.retryAt, refused, license);
  expect(licenseDecider.decide(repeated, license, () => 'evt_1')).toEqual(expect.arrayContaining([expect.anything()]));
});

/** The same command later. A server that takes a seat names the floating seats without a heartbeat since noon. */
const againAt = (at: string, refused: LicenseCommand, { leases }: IssuedLicense): LicenseCommand => {
  // A client that leaves out the instant of its usage sends that of the repetition.
  if (refused.type === 'RecordUsage') {
    const entries = refused.data.entries.map((entry) => ({ ...entry, occurredAt: at }));
    return { ...refused, at, data: { ...refused.data, entries } };
  }
  if (refused.type !== 'AcquireLease') return { ...refused, at };
  const dead = [...leases.values()].map(({ leaseId }) => ({ leaseId, lastSeenAt: noon }));
  return { ...refused, at, data: { ...refused.data, dead } };
};

test('Over HTTP the refusal has retryAt and Retry-After, and a repetition is decided again', async () => {
  const ledger = await shareLedger();
  const client = clientOf(ledger);
  const { licenseKey } = await issueDirectly(ledger, {
    policy: { deactivation: { allowed: true, cooldownSeconds: 3_600, maxPerTerm: null } },
  });
  for (const fingerprint of ['one', 'two']) await client.post('activate', licenseKey, { fingerprint });
  await client.post('deactivate', licenseKey, { fingerprint: 'one' });
  const again = () =>
    ledger.call('POST', '/v1/licenses/deactivate', {
      body: { licenseKey, fingerprint: 'two' },
      headers: { 'idempotency-key': 'release-two' },
    });
  for (const refusal of [await again(), await again()]) {
    expect(outline(refusal)).toEqual([409, 'COOLDOWN_ACTIVE']);
    const seconds = Number(refusal.headers.get('retry-after'));
    const left = (Date.parse(String(refusal.body.retryAt)) - Date.parse(ledger.needs.now())) / 1_000;
    expect(seconds).toBeGreaterThan(3_500);
    expect(seconds).toBeLessThanOrEqual(3_600);
    expect(left).toBeLessThanOrEqual(seconds);
    expect(refusal.headers.get('idempotent-replayed')).toBeNull();
  }
});
