import { describe, expect, test } from 'vitest';
import { isRejection } from '../../../../src/domain/decider.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { Limits } from '../../../../src/domain/license/usage/usage-limits.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, event, followedBy, policyWith, typesOf } from '../commands.ts';
import { activate, deactivate, ends, given, issued, licenseAfter, noon, tomorrow, twoDevices } from '../examples.ts';

const limits = (overrides: Partial<Limits>): Limits => ({ ...twoDevices, ...overrides });
const change = (overrides: Partial<Limits>, strategy?: 'ALLOW_OVER' | 'REJECT' | 'EVICT_OLDEST') =>
  command('ChangeLimits', { limits: limits(overrides), ...(strategy === undefined ? {} : { strategy }) });
const changed = (overrides: Partial<Limits>, strategy: 'ALLOW_OVER' | 'REJECT' | 'EVICT_OLDEST') =>
  event('LicenseLimitsChanged', { before: twoDevices, after: limits(overrides), strategy });
const acquire = (number: number) =>
  command('AcquireLease', {
    leaseId: `l${number}`,
    holderHash: `m${number}`,
    product: null,
    userRef: null,
    borrowSeconds: null,
    dead: [],
  });
const two = followedBy([issued()], activate('a'), activate('b', tomorrow));

describe('changing the limits', () => {
  test('raises them at once', () => {
    given(...two)
      .when(change({ activations: 3 }))
      .thenEvents(changed({ activations: 3 }, 'ALLOW_OVER'));
    given(...followedBy(two, change({ activations: 3 })))
      .when(activate('c'))
      .thenEvents(
        event('ActivationRecorded', {
          activationId: 'act_c',
          fingerprintHash: 'hash-c',
          product: 'local_cli',
          nameRef: null,
          platform: 'linux',
          appVersion: '2.1.0',
          countAfter: 3,
          limit: 3,
          overage: false,
        }),
      );
  });
  test('changes nothing when nothing differs', () =>
    given(...two)
      .when(change({}))
      .thenNothing());
  test.each([{ activations: -1 }, { seats: 1.5 }, { meters: { builds: -1 } }])('to %j is refused', (wrong) => {
    given(issued()).when(change(wrong)).thenRejected('LIMIT_INVALID');
  });
  test('adds, removes and changes meters', () => {
    const metered = issued({ limits: limits({ meters: { builds: 5 } }) });
    given(metered)
      .when(change({ meters: { builds: 5 } }))
      .thenNothing();
    for (const meters of [{}, { builds: 6 }, { builds: 5, exports: 1 }, { exports: 5 }])
      expect(licenseAfter(...followedBy([metered], change({ meters }))).facts.limits.meters).toEqual(meters);
  });
});

describe('a limit lowered below use', () => {
  test('ALLOW_OVER: activations stay, and a new one needs a free place', () => {
    given(...two)
      .when(change({ activations: 1 }, 'ALLOW_OVER'))
      .thenEvents(changed({ activations: 1 }, 'ALLOW_OVER'));
    const over = followedBy(two, change({ activations: 1 }));
    expect(licenseAfter(...over).activations.size).toBe(2);
    given(...over)
      .when(activate('c'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    given(...followedBy(over, deactivate('a')))
      .when(activate('c'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    expect(licenseAfter(...followedBy(over, deactivate('a'), deactivate('b'), activate('c'))).activations.size).toBe(1);
  });
  test('REJECT: the change is refused, and names the limit that is too low', () => {
    given(...two)
      .when(change({ activations: 1 }, 'REJECT'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    given(...two)
      .when(change({ activations: 2, seats: 1 }, 'REJECT'))
      .thenEvents(changed({ seats: 1 }, 'REJECT'));
    const used = followedBy(
      [issued({ limits: limits({ users: 2, seats: 2, meters: { builds: 9 } }) })],
      command('AssignUser', { userRef: 'usr_a' }),
      acquire(1),
      command('RecordUsage', oneUse({ meter: 'builds', quantity: 5, usageId: 'u1', occurredAt: noon })),
    );
    given(...used)
      .when(change({ users: 0, seats: 2, meters: { builds: 9 } }, 'REJECT'))
      .thenRejected('USER_LIMIT_EXCEEDED');
    given(...used)
      .when(change({ users: 2, seats: 0, meters: { builds: 9 } }, 'REJECT'))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...used)
      .when(change({ users: 2, seats: 2, meters: { builds: 4 } }, 'REJECT'))
      .thenRejected('QUOTA_EXCEEDED');
  });
  test.each<[Readonly<Record<string, number>>, string]>([
    [{ activations: 1 }, 'uses 2 devices, more than the new limit of 1 allows. Release devices first, or choose'],
    [{ seats: 0 }, 'uses 1 seats, more than the new limit of 0 allows. Release seats first, or choose'],
    [{ users: 0 }, 'uses 1 users, more than the new limit of 0 allows. Unassign users first, or choose'],
    [
      { builds: 4 },
      'uses 5 of the meter builds, more than the new limit of 4 allows. Wait for the next term, or choose',
    ],
    [
      { calls: 2 },
      'uses 3 of the meter calls, more than the new limit of 2 allows. Wait for the next period, or choose',
    ],
  ])(
    'REJECT: the refusal of %j says what is in use, and what ends it',
    ({ builds = 9, calls = 9, ...others }, text) => {
      const most = { activations: 2, seats: 2, users: 2 };
      const used = followedBy(
        [
          issued({
            policy: policyWith({ meterRules: { calls: { resets: 'P1M' } } }),
            limits: limits({ ...most, meters: { builds: 9, calls: 9 } }),
          }),
        ],
        activate('a'),
        activate('b'),
        command('AssignUser', { userRef: 'usr_a' }),
        acquire(1),
        command('RecordUsage', oneUse({ meter: 'builds', quantity: 5, usageId: 'u1', occurredAt: noon })),
        command('RecordUsage', oneUse({ meter: 'calls', quantity: 3, usageId: 'u2', occurredAt: noon })),
      );
      const lower = change({ ...most, ...others, meters: { builds, calls } }, 'REJECT');
      const decision = licenseDecider.decide(lower, licenseAfter(...used), () => 'evt_1');
      expect(isRejection(decision) ? decision.detail : null).toContain(`License lic_1 ${text}`);
    },
  );
  test('REJECT: a meter that begins at 0 by the same change may get any limit', () => {
    const metered = limits({ meters: { builds: 9 } });
    const used = followedBy(
      [issued({ policy: policyWith({ meterRules: { builds: { resets: 'P1M' } } }), limits: metered })],
      command('RecordUsage', oneUse({ meter: 'builds', quantity: 5, usageId: 'u1', occurredAt: noon })),
    );
    const lower = (resets: 'P1M' | 'P1W') =>
      command('ChangeLimits', {
        limits: limits({ meters: { builds: 4 } }),
        overrides: { meterRules: { builds: { resets } } },
        strategy: 'REJECT',
      });
    given(...used)
      .when(lower('P1M'))
      .thenRejected('QUOTA_EXCEEDED');
    expect(licenseAfter(...followedBy(used, lower('P1W'))).facts).toMatchObject({
      limits: { meters: { builds: 4 } },
      usage: { meters: {} },
    });
  });
  test('EVICT_OLDEST: the oldest usage ends with the change, and is announced after it', () => {
    given(...two)
      .when(change({ activations: 1 }, 'EVICT_OLDEST'))
      .thenEvents(
        event('LicenseLimitsChanged', {
          before: twoDevices,
          after: limits({ activations: 1 }),
          strategy: 'EVICT_OLDEST',
          ...ends('OLDEST', 1, { usageAfter: { activations: 1, seats: 0, users: 0 } }),
        }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'LIMIT_LOWERED', countAfter: 1 }),
      );
  });
  test('EVICT_OLDEST ends leases and assignments too', () => {
    const history = followedBy(
      [issued({ limits: limits({ users: 2, seats: 2 }) })],
      command('AssignUser', { userRef: 'usr_a' }),
      command('AssignUser', { userRef: 'usr_b' }),
      acquire(1),
      acquire(2),
    );
    const after = followedBy(history, change({ users: 1, seats: 1 }, 'EVICT_OLDEST'));
    expect(typesOf(after).slice(history.length)).toEqual(['LicenseLimitsChanged', 'LeaseReleased', 'UserUnassigned']);
    expect([...licenseAfter(...after).users.keys()]).toEqual(['usr_b']);
    expect([...licenseAfter(...after).leases.keys()]).toEqual(['l2']);
    expect(licenseAfter(...after).facts.usage).toMatchObject({ seats: 1, users: 1 });
  });
  test('follows the policy’s strategy unless another is named, and its overage', () => {
    const history = followedBy(
      [issued({ policy: policyWith({ limitStrategy: 'REJECT' }) })],
      activate('a'),
      activate('b'),
    );
    given(...history)
      .when(change({ activations: 1 }))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    given(...history)
      .when(change({ activations: 1 }, 'ALLOW_OVER'))
      .thenEvents(changed({ activations: 1 }, 'ALLOW_OVER'));
    const generous = policyWith({ limitStrategy: 'EVICT_OLDEST', overage: { kind: 'RATIO', percent: 200 } });
    given(...followedBy([issued({ policy: generous })], activate('a'), activate('b')))
      .when(change({ activations: 1 }))
      .thenEvents(changed({ activations: 1 }, 'EVICT_OLDEST'));
  });
});
