import { describe, expect, test } from 'vitest';
import { contentAfter } from '../../../../src/domain/catalog/policy-changes.ts';
import { planRepairs } from '../../../../src/domain/license/repair/plan-repairs.ts';
import { seatsWithinLimitAt } from '../../../../src/domain/license/seats/withheld-seats.ts';
import {
  capacity,
  changedLimits,
  excessOf,
  highestOf,
  isAbove,
  isLimit,
  isUsedUp,
  keptCapacity,
  type Limits,
  sameLimits,
  unlimited,
} from '../../../../src/domain/license/usage/usage-limits.ts';
import { explainValidation } from '../../../../src/domain/license/validation/explain-validation.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, event, followedBy, policyWith, to } from '../commands.ts';
import {
  activate,
  activatedEvent,
  ends,
  given,
  issued,
  licenseAfter,
  noon,
  pro,
  tomorrow,
  twoDevices,
} from '../examples.ts';
import { answer, named, viewed } from '../validation/validation-examples.ts';

const none: Limits = { activations: 0, seats: 0, users: 0, meters: { builds: 0 } };
const all: Limits = {
  activations: unlimited,
  seats: unlimited,
  users: unlimited,
  meters: { builds: unlimited },
};
const most = Number.MAX_SAFE_INTEGER;
const overages = [{ kind: 'NONE' }, { kind: 'RATIO', percent: 150 }, { kind: 'ALWAYS' }] as const;
const seat = (name: string) =>
  command('AcquireLease', {
    leaseId: `lea_${name}`,
    holderHash: name,
    product: null,
    userRef: null,
    borrowSeconds: null,
    dead: [],
  });
const assign = (userRef: string) => command('AssignUser', { userRef });
const use = (usageId: string, quantity: number) =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity, usageId, occurredAt: noon }));
const limitTo = (limits: Limits, strategy: 'ALLOW_OVER' | 'REJECT' | 'EVICT_OLDEST') =>
  command('ChangeLimits', { limits, strategy });
const inUse = [activate('a'), activate('b', tomorrow), seat('m1'), assign('usr_a'), use('u1', 7)];

describe('A limit that is unlimited', () => {
  test.each(overages)('lets any number be in use, with the overage %j', (overage) => {
    expect([capacity(unlimited, overage), keptCapacity(unlimited, overage)]).toEqual([Infinity, Infinity]);
    expect([isAbove(most, unlimited), isUsedUp(most, unlimited), excessOf(most, unlimited)]).toEqual([false, false, 0]);
  });

  test('is not 0, and 0 still lets nothing be in use', () => {
    expect([capacity(0, { kind: 'NONE' }), isUsedUp(0, 0), isAbove(1, 0), excessOf(1, 0)]).toEqual([0, true, true, 1]);
    expect([isAbove(5, 5), isAbove(6, 5), isUsedUp(4, 5), isUsedUp(5, 5)]).toEqual([false, true, false, true]);
    expect([excessOf(4, 5), excessOf(5, 5), excessOf(7, 5)]).toEqual([0, 0, 2]);
    expect(sameLimits(none, all)).toBe(false);
    expect(highestOf([0, unlimited])).toEqual({ number: 0, isUnlimited: true });
    given(issued({ limits: none }))
      .when(activate('a'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });

  test('is set and taken back by a change, which can still remove a meter', () => {
    expect(changedLimits(none, { ...all, meters: { runs: unlimited } })).toEqual({
      ...all,
      meters: { builds: 0, runs: unlimited },
    });
    expect(changedLimits(all, none)).toEqual(none);
    expect(changedLimits(all, { meters: { builds: null } }).meters).toEqual({});
  });

  test.each(['Unlimited', 'UNLIMITED', '5', '', -1, 1.5, Infinity, true])('is not %j', (wrong) => {
    expect([isLimit(wrong), isLimit(null), isLimit(Number.NaN)]).toEqual([false, false, false]);
    const change = (limits: object) => command('ChangeLimits', { limits: { ...twoDevices, ...limits } });
    given(issued())
      .when(change({ seats: wrong }))
      .thenRejected('LIMIT_INVALID', 'limits', 'seats');
    const ofMeter = change({ meters: { builds: wrong } });
    given(issued()).when(ofMeter).thenRejected('LIMIT_INVALID', 'limits', 'meters', 'builds');
  });
});

describe('A license without limits', () => {
  test('accepts devices, and each event has the limit as it is and no overage', () => {
    const { data } = activatedEvent('c', 3);
    given(...followedBy([issued({ limits: all })], ...inUse))
      .when(activate('c'))
      .thenEvents(event('ActivationRecorded', { ...data, limit: unlimited, overage: false }));
  });

  test('accepts seats, users and usage, and each event has the limit as it is and no overage', () => {
    const history = followedBy([issued({ limits: all })], ...inUse);
    const recorded = history.flatMap(({ event: { data } }) => ('overage' in data ? [data] : []));
    expect(recorded.map(({ limit, overage }) => [limit, overage])).toEqual(inUse.map(() => [unlimited, false]));
  });

  test('is valid without a remark, and no meter of it is exceeded', () => {
    const history = followedBy([issued({ limits: all })], ...inUse, use('u2', 1_000_000_000));
    expect(answer(history, { meters: ['builds'] })).toMatchObject({ code: 'VALID', reasons: [], exceededMeters: [] });
    const lowered = followedBy(history, limitTo({ ...all, users: 0 }, 'ALLOW_OVER'));
    expect(answer(lowered).reasons).toEqual(['VALID_OVERAGE']);
    expect(answer(followedBy(lowered, limitTo(all, 'ALLOW_OVER'))).reasons).toEqual([]);
  });

  test('explains its limits as they are, without a number that use may reach', () => {
    const history = followedBy([issued({ limits: all })], ...inUse);
    const { rules } = explainValidation(viewed(history, named()), named(), noon);
    const inputsOf = (name: string) => rules.find(({ code }) => code === name)?.inputs;
    expect(inputsOf('TOO_MANY_ACTIVATIONS')).toMatchObject({ used: 2, limit: unlimited, capacity: null });
    expect(inputsOf('VALID_OVERAGE')).toMatchObject({ seats: 1, seatsLimit: unlimited, usersLimit: unlimited });
  });

  test('counts a meter up to the largest exact number, and says why it counts no further', () => {
    const full = followedBy([issued({ limits: all })], use('u1', most));
    given(...full)
      .when(use('u2', 1))
      .thenRejected('QUOTA_EXCEEDED');
    expect(licenseAfter(...full).facts.usage.meters.builds).toBe(most);
  });

  test('never waits for withheld seats to return', () => {
    const { facts } = licenseAfter(issued({ limits: all }));
    const withheldSeats = [{ leaseId: 'lea_1', freeAt: tomorrow }] as never;
    const used = { ...facts, withheldSeats, usage: { ...facts.usage, seats: 1 } };
    expect(seatsWithinLimitAt(used, noon)).toBe(null);
    expect(seatsWithinLimitAt({ ...used, limits: none }, noon)).toBe(tomorrow);
  });

  test('needs no higher limit for a device that is not activated', () => {
    const license = licenseAfter(...followedBy([issued({ limits: all })], ...inUse));
    const scope = named({ fingerprint: 'hash-new' });
    const { repairs } = planRepairs({
      ...{ license, scope, at: noon, tenantSuspended: false, lastCheckInAt: null, heartbeat: null, dead: [] },
      ...{ isProductSold: false, release: null },
    });
    expect(repairs.map(({ step, alternatives }) => [step.action, alternatives])).toEqual([['ACTIVATE', []]]);
  });
});

describe('A limit lowered from unlimited to a number', () => {
  const history = followedBy([issued({ limits: all })], ...inUse);

  test.each([
    [{ activations: 1 }, 'ACTIVATION_LIMIT_EXCEEDED'],
    [{ seats: 0 }, 'SEAT_LIMIT_EXCEEDED'],
    [{ users: 0 }, 'USER_LIMIT_EXCEEDED'],
    [{ meters: { builds: 6 } }, 'QUOTA_EXCEEDED'],
  ] as const)('to %j is refused under REJECT while more is in use', (lower, code) => {
    given(...history)
      .when(limitTo({ ...all, ...lower }, 'REJECT'))
      .thenRejected(code);
  });

  test('ends the oldest use under EVICT_OLDEST, and keeps what is unlimited', () => {
    const after: Limits = { ...all, activations: 1 };
    given(...history)
      .when(limitTo(after, 'EVICT_OLDEST'))
      .thenEvents(
        event('LicenseLimitsChanged', {
          before: all,
          after,
          strategy: 'EVICT_OLDEST',
          ...ends('OLDEST', 1, { usageAfter: { activations: 1, seats: 1, users: 1 } }),
        }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'LIMIT_LOWERED', countAfter: 1 }),
      );
  });

  test('lets the use stay under ALLOW_OVER, and accepts no more', () => {
    const over = followedBy(history, limitTo({ ...none, activations: 1 }, 'ALLOW_OVER'));
    expect(answer(over)).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
    for (const [next, code] of [
      [activate('c'), 'ACTIVATION_LIMIT_EXCEEDED'],
      [seat('m2'), 'SEAT_LIMIT_EXCEEDED'],
      [assign('usr_b'), 'USER_LIMIT_EXCEEDED'],
      [use('u2', 1), 'QUOTA_EXCEEDED'],
    ] as const)
      given(...over)
        .when(next)
        .thenRejected(code);
  });
});

describe('A change of the policy', () => {
  const history = followedBy([issued({ limits: all })], ...inUse);
  const move = (limits: Limits, overrides: Partial<Limits> = {}) =>
    command('ChangeTier', {
      target: to({ ...pro, policyId: 'pol_2', limitStrategy: 'REJECT' }, { limits, overrides: { limits: overrides } }),
    });

  test('from unlimited to 1 is refused while more is in use, as the strategy of the new policy says', () => {
    given(...history)
      .when(move({ ...all, activations: 1 }))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });

  test('keeps unlimited that the issuer gave as an override, and a number over a policy without limit', () => {
    const own = followedBy(
      [issued()],
      command('ChangeLimits', { limits: { ...twoDevices, seats: unlimited }, overrides: { seats: unlimited } }),
      command('ChangeLimits', { limits: { ...twoDevices, seats: unlimited, users: 3 }, overrides: { users: 3 } }),
      move(all),
    );
    expect(licenseAfter(...own).facts.limits).toEqual({ ...all, users: 3 });
    expect(licenseAfter(...followedBy(own, move(none))).facts.limits).toEqual({ ...none, seats: unlimited, users: 3 });
  });

  test('that starts to allow users without limit makes a validation name the user', () => {
    const base = {
      name: 'Team',
      products: [],
      term: { basis: 'PERPETUAL' },
      entitlements: [],
    } as const;
    const { rules } = contentAfter({ ...base, policy: policyWith({}), limits: none }, { limits: { users: unlimited } });
    expect(rules.userRequired).toBe(true);
  });
});
