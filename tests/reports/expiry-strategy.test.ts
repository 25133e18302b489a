import { describe, expect, test } from 'vitest';
import { isRejection } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { featuresOf } from '../../src/domain/license/grants/granted-entitlements.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { command, device, followedBy, policyWith } from '../domain/license/commands.ts';
import { activate, expiresAt, issued, justBeforeExpiry, licenseAfter, pro } from '../domain/license/examples.ts';
import { testEventIds } from '../support/event-ids.ts';
import { oneUse } from '../support/one-use.ts';

type Strategy = PinnedPolicy['expiryStrategy'];
const longAfter = '2029-03-01T00:00:00.000Z';
const licenseOf = (expiryStrategy: Strategy, overrides: Partial<PinnedPolicy> = {}) =>
  followedBy(
    [
      issued({
        policy: policyWith({ expiryStrategy, lease: { ...pro.lease, borrowMaxSeconds: 3600 }, ...overrides }),
        limits: { activations: 2, seats: 2, users: 0, meters: { builds: 10 } },
      }),
    ],
    activate('old'),
    command('AcquireLease', seat('l1')),
  );
const seat = (leaseId: string, borrowSeconds: number | null = null) => ({
  leaseId,
  holderHash: `of-${leaseId}`,
  product: 'local_cli',
  userRef: null,
  borrowSeconds,
  dead: [],
});
const usage = (quantity: number, occurredAt: string) => ({
  meter: 'builds',
  quantity,
  usageId: `u${quantity}`,
  occurredAt,
});

const uses: readonly { readonly use: string; readonly send: (at: string) => LicenseCommand }[] = [
  { use: 'activate a new laptop', send: (at) => command('Activate', device('new'), at) },
  {
    use: 'swap a laptop for a new one',
    send: (at) => command('SwapActivation', { release: { fingerprintHash: 'hash-old' }, activate: device('new') }, at),
  },
  { use: 'take a seat', send: (at) => command('AcquireLease', seat('l2'), at) },
  { use: 'borrow a seat', send: (at) => command('AcquireLease', seat('l2', 60), at) },
  {
    use: 'keep a seat by a heartbeat',
    send: (at) => command('RenewLease', { leaseId: 'l1', borrowSeconds: null }, at),
  },
  { use: 'record usage', send: (at) => command('RecordUsage', oneUse(usage(1, at)), at) },
];
const rows = uses.flatMap(({ use, send }) =>
  (['RESTRICT', 'MAINTAIN', 'ALLOW'] as const).flatMap((strategy) =>
    [justBeforeExpiry, expiresAt, longAfter].map((at) => ({ use, send, strategy, at })),
  ),
);

describe('What validates after the end of the term may be used', () => {
  test.each(rows)('$strategy: $use at $at', ({ send, strategy, at }) => {
    const license = licenseAfter(...licenseOf(strategy));
    const scope = { product: 'local_cli', fingerprint: 'hash-old' };
    const isValid = validate(validationView(license, scope), scope, at).valid;
    expect(isValid).toBe(strategy !== 'RESTRICT' || at < expiresAt);
    expect(outcomeOf(licenseOf(strategy), send(at))).toBe(isValid ? 'done' : 'LICENSE_EXPIRED');
    expect(isRejection(featuresOf(license.facts, 'local_cli', at))).toBe(!isValid);
  });
});

const limited: readonly { readonly limit: string; readonly first: LicenseCommand; readonly next: LicenseCommand }[] = [
  {
    limit: 'ACTIVATION_LIMIT_EXCEEDED',
    first: command('Activate', device('b'), longAfter),
    next: command('Activate', device('c'), longAfter),
  },
  {
    limit: 'SEAT_LIMIT_EXCEEDED',
    first: command('AcquireLease', seat('l2'), longAfter),
    next: command('AcquireLease', seat('l3'), longAfter),
  },
  {
    limit: 'QUOTA_EXCEEDED',
    first: command('RecordUsage', oneUse(usage(4, longAfter)), longAfter),
    next: command('RecordUsage', oneUse(usage(7, longAfter)), longAfter),
  },
];

describe('After the end of the term devices, seats and usage keep their limits', () => {
  test.each(limited)('$limit', ({ limit, first, next }) => {
    for (const strategy of ['MAINTAIN', 'ALLOW'] as const) {
      const history = followedBy(licenseOf(strategy), first);
      expect(outcomeOf(history, next)).toBe(limit);
    }
  });
  test.each(['MAINTAIN', 'ALLOW'] as const)('%s: a suspended license is not used after its end either', (strategy) => {
    const suspended = followedBy(licenseOf(strategy), command('Suspend', { reasonCode: 'FRAUD', until: null }));
    expect(outcomeOf(suspended, activate('b', longAfter))).toBe('LICENSE_SUSPENDED');
  });
  test('A borrow may outlast the term only where the license goes on', () => {
    const borrow = command('AcquireLease', seat('l2', 3600), justBeforeExpiry);
    const endOf = (strategy: Strategy) => licenseAfter(...followedBy(licenseOf(strategy), borrow)).leases.get('l2');
    expect(endOf('RESTRICT')?.expiresAt).toBe(expiresAt);
    expect(endOf('MAINTAIN')?.expiresAt).toBe('2027-01-01T00:59:59.999Z');
    expect(endOf('ALLOW')?.expiresAt).toBe('2027-01-01T00:59:59.999Z');
  });
});

describe('After the end of the term MAINTAIN goes on for versions that were released before', () => {
  test.each([
    ['MAINTAIN', justBeforeExpiry, 'VALID'],
    ['MAINTAIN', expiresAt, 'VERSION_NOT_ENTITLED'],
    ['ALLOW', expiresAt, 'VALID'],
    ['RESTRICT', justBeforeExpiry, 'EXPIRED'],
  ] as const)('%s, released at %s: %s', (strategy, releasedAt, code) => {
    const license = licenseAfter(...licenseOf(strategy));
    const scope = { product: null, fingerprint: null, version: { number: '2.0.0', releasedAt } };
    const answer = validate(validationView(license, scope), scope, longAfter);
    expect(answer.valid ? 'VALID' : answer.code).toBe(code);
  });
});

const outcomeOf = (history: ReturnType<typeof licenseOf>, sent: LicenseCommand): string => {
  const decision = licenseDecider.decide(sent, licenseAfter(...history), testEventIds);
  return isRejection(decision) ? decision.rejected : 'done';
};
