import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { plusSeconds } from '../../../src/domain/time.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { oneUse } from '../../support/one-use.ts';
import { command, followedBy, policyWith } from './commands.ts';
import { activate, deactivate, deactivateById, issued, licenseAfter, noon, pro } from './examples.ts';
import { decisionOn } from './many-devices.ts';

const hour = 3_600;
const day = 24 * hour;
const since = (seconds: number, milliseconds = 0): string =>
  new Date(Date.parse(plusSeconds(noon, seconds)) + milliseconds).toISOString();
const limits = { activations: 100, seats: 10, users: 0, meters: { builds: 1_000 } };
const perpetual = {
  basis: 'PERPETUAL',
  duration: null,
  startsAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  timeZone: 'UTC',
} as const;
const under = (resurrectSeconds: number) =>
  issued({
    limits,
    term: perpetual,
    policy: policyWith({ lease: { ...pro.lease, resurrectSeconds, borrowMaxSeconds: 90 * day } }),
  });
const acquire = (leaseId: string, at = noon, borrowSeconds: number | null = null) =>
  command(
    'AcquireLease',
    { leaseId, holderHash: `m-${leaseId}`, product: null, userRef: null, borrowSeconds, dead: [] },
    at,
  );
const use = (usageId: string, at: string) =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity: 1, usageId, occurredAt: at }), at);

type History = readonly Stamped<LicenseEvent>[];
/**
 * Returns the outcome of a command on the stream, and on the stream with another event, after which its fold may
 * forget.
 */
const outcomes = (history: History, sent: LicenseCommand): readonly string[] =>
  [history, followedBy(history, command('ChangeReference', { to: 'sub_1' }, sent.at))].map((stream) => {
    const decision = licenseDecider.decide(sent, licenseAfter(...stream), testEventIds);
    return isRejection(decision) ? decision.rejected : `${decision.length} events`;
  });

describe('A repeated command', () => {
  const released = followedBy([under(0)], activate('a'), deactivate('a'));
  test.each([
    ['by fingerprint', (at: string) => deactivate('a', at)],
    ['by id', (at: string): LicenseCommand => ({ ...deactivateById('a'), at })],
  ])('is known for 25 hours: a released device, named %s', (_, releaseAt) => {
    expect(outcomes(released, releaseAt(since(25 * hour, -1)))).toEqual(['0 events', '0 events']);
    const late = outcomes(released, releaseAt(since(25 * hour)));
    expect(late).toEqual(['ACTIVATION_NOT_FOUND', 'ACTIVATION_NOT_FOUND']);
  });
  test('is recognized for 25 hours after the last release of a device', () => {
    const twice = followedBy(released, activate('a', since(hour)), deactivate('a', since(20 * hour)));
    expect(outcomes(twice, deactivate('a', since(44 * hour)))).toEqual(['0 events', '0 events']);
    expect(outcomes(twice, deactivate('a', since(45 * hour)))).toEqual([
      'ACTIVATION_NOT_FOUND',
      'ACTIVATION_NOT_FOUND',
    ]);
  });
  test('is recognized for 25 hours after the release of a lease', () => {
    const history = followedBy([under(0)], acquire('l1'), command('ReleaseLease', { leaseId: 'l1', by: 'USER' }));
    const release = (at: string) => command('ReleaseLease', { leaseId: 'l1', by: 'USER' }, at);
    expect(outcomes(history, release(since(25 * hour, -1)))).toEqual(['0 events', '0 events']);
    expect(outcomes(history, release(since(25 * hour)))).toEqual(['NOT_FOUND', 'NOT_FOUND']);
  });
  test('is recognized for 70 minutes by its usage id, without the read models', () => {
    const history = followedBy([under(0)], use('u1', noon));
    expect(outcomes(history, use('u1', since(4_200, -1)))).toEqual(['0 events', '0 events']);
    expect(outcomes(history, use('u1', since(4_200)))).toEqual(['1 events', '1 events']);
  });
});

describe('A lease that lapsed', () => {
  const lapsedAfter = 360;
  const lapsed = (resurrectSeconds: number) =>
    followedBy(
      [under(resurrectSeconds)],
      acquire('l1'),
      command('LapseLease', { leaseId: 'l1', lastSeenAt: noon }, since(lapsedAfter)),
    );
  const renew = (at: string) => command('RenewLease', { leaseId: 'l1', borrowSeconds: null }, at);
  const release = (at: string) => command('ReleaseLease', { leaseId: 'l1', by: 'USER' }, at);

  test('comes back within its window, also when the window is longer than 25 hours', () => {
    for (const window of [hour, 10 * day]) {
      expect(outcomes(lapsed(window), renew(since(lapsedAfter + window, -1)))).toEqual(['1 events', '1 events']);
      expect(outcomes(lapsed(window), renew(since(lapsedAfter + window)))).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    }
  });
  test('can be released again, without effect, for 25 hours and within its window', () => {
    for (const [window, known] of [
      [0, 25 * hour],
      [hour, 25 * hour],
      [10 * day, 10 * day],
    ] as const) {
      expect(outcomes(lapsed(window), release(since(lapsedAfter + known, -1)))).toEqual(['0 events', '0 events']);
      expect(outcomes(lapsed(window), release(since(lapsedAfter + known)))).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    }
  });
  test('does not come back under a later policy with a longer window', () => {
    const policy = policyWith({ version: 2, lease: { ...pro.lease, resurrectSeconds: 30 * day } });
    const target = { policy, products: null, limits: null, entitlements: null };
    const history = followedBy(lapsed(hour), command('ChangePolicy', { target }, since(lapsedAfter)));
    expect(outcomes(history, renew(since(25 * hour)))).toEqual(['1 events', '1 events']);
    expect(outcomes(history, renew(since(26 * hour)))).toEqual(['NOT_FOUND', 'NOT_FOUND']);
  });
});

test('A license that is used for a year keeps only what a guard can still ask about', () => {
  const steps = Array.from({ length: 400 }, (_, index) => index);
  const license = licenseAfter(under(hour));
  for (const step of steps) {
    const at = since(step * 22 * hour);
    const over = since(step * 22 * hour + 360);
    for (const sent of [
      activate(`d${step}`, at),
      deactivate(`d${step}`, at, 'ADMIN'),
      use(`u${step}`, at),
      acquire(`l${step}`, at),
      command('LapseLease', { leaseId: `l${step}`, lastSeenAt: at }, over),
      acquire(`b${step}`, over, hour),
      command('ReleaseLease', { leaseId: `b${step}`, by: 'ADMIN' }, over),
    ])
      for (const event of decisionOn(license, sent)) licenseDecider.evolve(license, event, stamp(event, sent.at).at);
  }
  const { deactivated, released, lapsed, withheld, recentUses, usageEventsAt } = license;
  expect([recentUses.size, usageEventsAt.size]).toEqual([1, 1]);
  // The fold does not forget the last hundred of each kind.
  for (const known of [deactivated, released, lapsed, withheld]) {
    expect(known.size).toBeGreaterThan(30);
    expect(known.size).toBeLessThan(110);
  }
});

test('A seat of a released borrow is free from the end of the borrow, forgotten or not', () => {
  const one = issued({
    limits: { ...limits, seats: 1 },
    term: perpetual,
    policy: policyWith({ lease: { ...pro.lease, borrowMaxSeconds: 90 * day } }),
  });
  const history = followedBy(
    [one],
    acquire('b1', noon, 3 * day),
    command('ReleaseLease', { leaseId: 'b1', by: 'ADMIN' }),
  );
  expect(outcomes(history, acquire('l2', since(3 * day, -1)))).toEqual(['SEAT_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED']);
  expect(outcomes(history, acquire('l2', since(3 * day)))).toEqual(['1 events', '1 events']);
});
