import { expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
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
  tomorrow,
} from '../domain/license/examples.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import { shareLedger } from '../support/shared-ledger.ts';

const day = 86_400;
const borrowing = { ...pro.lease, borrowMaxSeconds: 10 * day };
const releasing = (rules: Partial<PinnedPolicy['deactivation']>) => ({
  policy: { ...pro, deactivation: { ...pro.deactivation, ...rules } },
});
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
const use = (quantity: number) =>
  command('RecordUsage', { meter: 'builds', quantity, usageId: `u${quantity}`, occurredAt: noon }, noon);
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
    'A used-up allowance says when the term ends',
    releasing({ maxPerTerm: 1 }),
    oneReleased,
    deactivate('b'),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: expiresAt },
  ],
  [
    'A policy without releases says no instant',
    releasing({ allowed: false }),
    oneReleased.slice(0, 2),
    deactivate('b'),
    { rejected: 'DEACTIVATION_LIMIT', retryAt: undefined },
  ],
  [
    'A used-up meter says when the term ends',
    meter,
    [use(4)],
    use(2),
    { rejected: 'QUOTA_EXCEEDED', retryAt: expiresAt },
  ],
  [
    'Usage above the whole limit says no instant, because no term allows it',
    meter,
    [],
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
});

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
