import { describe, expect, test } from 'vitest';
import { isRejection } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { decide } from '../../../src/domain/license/decide.ts';
import { suspensionAt } from '../../../src/domain/license/status.ts';
import type { SuspensionReason } from '../../../src/domain/license/suspension/suspension-events.ts';
import type { Limits } from '../../../src/domain/license/usage/usage-limits.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { oneUse } from '../../support/one-use.ts';
import { command, device, followedBy, policyWith, typesOf } from './commands.ts';
import {
  activate,
  deactivate,
  given,
  issued,
  licenseAfter,
  noon,
  oneYear,
  renew,
  suspend,
  tomorrow,
  twoDevices,
} from './examples.ts';

type History = ReturnType<typeof followedBy>;

const nextWeek = '2026-06-08T12:00:00.000Z';
const nextMonth = '2026-07-01T12:00:00.000Z';
const later = (reasonCode: SuspensionReason, effectiveAt: string, until: string | null = null) =>
  command('Suspend', { reasonCode, until, scheduled: { effectiveAt } });
const seat = { leaseId: 'lse_1', holderHash: 'h1', product: null, userRef: null, borrowSeconds: null, dead: [] };
const paid = (at: string) => renew({ reasonCode: 'PAYMENT' }, at);
const detailOf = (history: History, request: LicenseCommand): string => {
  const decision = decide(request, licenseAfter(...history), testEventIds);
  return isRejection(decision) ? decision.detail : 'accepted';
};

describe('a paid renewal of a suspended license', () => {
  const happens = (history: History, at: string) => typesOf(followedBy(history, paid(at))).slice(history.length);

  test('does not reinstate while an announced suspension for another reason is in force', () => {
    const both = followedBy([issued()], suspend('PAYMENT'), later('FRAUD', tomorrow));
    expect(happens(both, tomorrow)).toEqual(['LicenseRenewed']);
    expect(happens(both, nextWeek)).toEqual(['LicenseRenewed']);
    const fraudOnly = followedBy([issued()], later('FRAUD', tomorrow, nextMonth));
    expect(happens(fraudOnly, nextWeek)).toEqual(['LicenseRenewed']);
  });
  test('reinstates before an announced suspension for another reason starts, and after it ends', () => {
    const both = followedBy([issued()], suspend('PAYMENT'), later('FRAUD', tomorrow, nextWeek));
    expect(happens(both, noon)).toEqual(['LicenseRenewed', 'LicenseReinstated']);
    expect(happens(both, tomorrow)).toEqual(['LicenseRenewed']);
    expect(happens(both, '2026-06-08T11:59:59.999Z')).toEqual(['LicenseRenewed']);
    expect(happens(both, nextWeek)).toEqual(['LicenseRenewed', 'LicenseReinstated']);
  });
  test('reinstates from an announced suspension for PAYMENT, whatever other changes are announced', () => {
    const announced = followedBy([issued()], later('PAYMENT', tomorrow));
    expect(happens(announced, tomorrow)).toEqual(['LicenseRenewed', 'LicenseReinstated']);
    const mode = command('SetRenewal', { to: 'auto', scheduled: { effectiveAt: tomorrow } });
    expect(happens(followedBy([issued()], suspend('PAYMENT'), mode), nextWeek)).toEqual([
      'LicenseRenewed',
      'LicenseReinstated',
    ]);
  });
});

describe('with several suspensions', () => {
  const told = (history: History, at: string) => {
    const suspension = suspensionAt(licenseAfter(...history).facts, at);
    return suspension === null ? null : [suspension.reasonCode, suspension.since, suspension.until];
  };
  test('the longest one is reported, with the instant since when there was no gap', () => {
    const longerLater = followedBy([issued()], suspend('ADMIN', nextWeek), later('FRAUD', tomorrow, nextMonth));
    expect(told(longerLater, noon)).toEqual(['ADMIN', noon, nextWeek]);
    expect(told(longerLater, tomorrow)).toEqual(['FRAUD', noon, nextMonth]);
    expect(told(longerLater, nextWeek)).toEqual(['FRAUD', noon, nextMonth]);
    const shorterLater = followedBy([issued()], suspend('ADMIN', nextMonth), later('FRAUD', tomorrow, nextWeek));
    expect(told(shorterLater, tomorrow)).toEqual(['ADMIN', noon, nextMonth]);
    const endless = followedBy([issued()], suspend('ADMIN'), later('FRAUD', tomorrow));
    expect(told(endless, tomorrow)).toEqual(['ADMIN', noon, null]);
  });
  test('that end together, the earlier one is reported', () => {
    const together = followedBy([issued()], suspend('ADMIN', nextWeek), later('FRAUD', tomorrow, nextWeek));
    expect(told(together, tomorrow)).toEqual(['ADMIN', noon, nextWeek]);
    expect(told(together, nextWeek)).toBeNull();
    const added = followedBy([issued()], suspend('ADMIN', nextWeek), suspend('FRAUD', nextWeek));
    expect(told(added, noon)).toEqual(['ADMIN', noon, nextWeek]);
  });
});

describe('a change', () => {
  test('can be announced for the future only, to the millisecond', () => {
    given(issued()).when(later('PAYMENT', noon)).thenRejected('TERM_INVALID');
    given(issued()).when(later('PAYMENT', 'tomorrow')).thenRejected('TERM_INVALID');
    const next = '2026-06-01T12:00:00.001Z';
    expect(typesOf(followedBy([issued()], later('PAYMENT', next)))).toEqual(['LicenseIssued', 'LicenseSuspended']);
  });
});

describe('a reminder', () => {
  const remind = (offset: string, at: string) => command('Remind', { termNumber: 1, offset }, at);
  const policy = policyWith({ remindBefore: ['P25D', 'P20D', 'P19D', 'P7D'] });
  const startsLater = issued({
    policy,
    term: { ...oneYear, startsAt: '2026-01-10T00:00:00.000Z', expiresAt: '2026-01-30T00:00:00.000Z' },
  });
  const sent = (history: History, offset: string, at: string) =>
    typesOf(followedBy(history, remind(offset, at))).slice(history.length);

  test('is skipped when its offset is at least as long as the term, also when the term starts later', () => {
    expect(sent([startsLater], 'P25D', '2026-01-20T00:00:00.000Z')).toEqual([]);
    expect(sent([startsLater], 'P20D', '2026-01-20T00:00:00.000Z')).toEqual([]);
    expect(sent([startsLater], 'P19D', '2026-01-20T00:00:00.000Z')).toEqual(['LicenseExpiringSoon']);
  });
  test('is sent when it is due at the instant the expiry is set, and skipped when it was due before', () => {
    const movedTo = (to: string) =>
      followedBy([issued({ policy })], command('ChangeExpiry', { to, reasonCode: 'GOODWILL' }));
    expect(sent(movedTo(nextWeek), 'P7D', noon)).toEqual(['LicenseExpiringSoon']);
    expect(sent(movedTo('2026-06-08T11:59:59.999Z'), 'P7D', noon)).toEqual([]);
  });
});

describe('a reminder of a license with a term that started before its issue', () => {
  const until = (end: string) =>
    issued({
      policy: policyWith({ remindBefore: ['P7D'] }),
      term: { ...oneYear, startsAt: '2025-12-01T00:00:00.000Z', expiresAt: end },
    });
  const reminded = (end: string, at: string) =>
    typesOf(followedBy([until(end)], command('Remind', { termNumber: 1, offset: 'P7D' }, at))).slice(1);

  test('is sent when it is due at the issue, and skipped when it was due before', () => {
    expect(reminded('2026-01-08T00:00:00.000Z', '2026-01-02T00:00:00.000Z')).toEqual(['LicenseExpiringSoon']);
    expect(reminded('2026-01-07T23:59:59.999Z', '2026-01-02T00:00:00.000Z')).toEqual([]);
  });
});

describe('a term that starts with the first use', () => {
  const awaiting = (basis: 'FIRST_ACTIVATION' | 'FIRST_VALIDATION') =>
    issued({ term: { ...oneYear, basis, duration: 'P50Y', startsAt: null, expiresAt: null } });

  test('cannot start when it would end beyond the year 9999', () => {
    const late = '9960-01-01T00:00:00.000Z';
    given(awaiting('FIRST_ACTIVATION')).when(activate('a', late)).thenRejected('TERM_INVALID');
    given(awaiting('FIRST_VALIDATION'))
      .when(command('StartTerm', { trigger: 'FIRST_VALIDATION' }, late))
      .thenRejected('TERM_INVALID');
  });
  test('cannot be renewed before it starts', () => {
    expect(detailOf([awaiting('FIRST_ACTIVATION')], renew())).toContain('has not started');
    expect(detailOf([issued({ term: { ...oneYear, expiresAt: null } })], renew())).toContain('is perpetual');
  });
  test('names its trigger in the refusal; a later term names its start', () => {
    const meters = { activations: 1, seats: 0, users: 0, meters: { builds: 1 } };
    const metered = issued({
      limits: meters,
      term: { ...oneYear, basis: 'FIRST_ACTIVATION', startsAt: null, expiresAt: null },
    });
    const recorded = command('RecordUsage', oneUse({ meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon }));
    expect(detailOf([metered], recorded)).toContain('starts with its first activation or seat');
    const startsLater = issued({ term: { ...oneYear, startsAt: tomorrow } });
    expect(detailOf([startsLater], activate('a'))).toContain(`starts at ${tomorrow}`);
  });
});

describe('a license that has not started', () => {
  const limits: Limits = { activations: 2, seats: 1, users: 1, meters: { builds: 5 } };
  const startsLater = issued({ limits, term: { ...oneYear, startsAt: tomorrow } });
  const usage = { meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon };
  const swap = { release: { activationId: 'act_a' }, activate: device('b') };

  test.each([command('AcquireLease', seat), command('RecordUsage', oneUse(usage)), command('SwapActivation', swap)])(
    'refuses $type until it starts',
    (request) => {
      given(startsLater).when(request).thenRejected('LICENSE_NOT_STARTED');
    },
  );
});

describe('swapping', () => {
  const swap = (release: string, taken: string, at: string = noon) =>
    command('SwapActivation', { release: { activationId: `act_${release}` }, activate: device(taken) }, at);

  test('accepts the activation id of the device to release; repeating changes nothing', () => {
    const swapped = followedBy([issued()], activate('a'), swap('a', 'b'));
    expect([...licenseAfter(...swapped).activations.keys()]).toEqual(['act_b']);
    given(...swapped)
      .when(swap('a', 'b'))
      .thenNothing();
  });
  test('is a repetition only when both steps have happened', () => {
    const released = followedBy([issued()], activate('a'), deactivate('a'));
    given(...released)
      .when(swap('a', 'b'))
      .thenRejected('ACTIVATION_NOT_FOUND');
    const taken = followedBy([issued()], activate('b'));
    given(...taken)
      .when(swap('a', 'b'))
      .thenRejected('ACTIVATION_NOT_FOUND');
  });
  test('is refused as suspended first, also for an unknown device', () => {
    given(...followedBy([issued()], suspend()))
      .when(swap('a', 'b'))
      .thenRejected('LICENSE_SUSPENDED');
  });
  test('is refused when a lowered limit leaves no place', () => {
    const limits: Limits = { ...twoDevices, activations: 1 };
    const over = followedBy([issued()], activate('a'), activate('b'), command('ChangeLimits', { limits }));
    given(...over)
      .when(swap('a', 'c'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
});

describe('an activation', () => {
  test('records the known fields of the device, and no others', () => {
    const known = { components: { disk: 'd1' }, userRef: 'ref_1', environment: 'production' };
    const assigned = followedBy(
      [issued({ limits: { ...twoDevices, users: 1 } })],
      command('AssignUser', { userRef: 'ref_1' }),
    );
    const [full] = followedBy(assigned, command('Activate', device('a', known))).slice(-1);
    expect(full?.event.data).toMatchObject(known);
    const [bare] = followedBy([issued()], command('Activate', device('a'))).slice(-1);
    expect(Object.keys(bare?.event.data ?? {})).not.toContain('environment');
    expect(Object.values(bare?.event.data ?? {})).not.toContain(undefined);
  });
});

describe('limits below the current usage', () => {
  const strict = policyWith({ limitStrategy: 'REJECT' });
  const roomy: Limits = { activations: 2, seats: 2, users: 2, meters: { builds: 5 } };
  const used = followedBy(
    [issued({ policy: strict, limits: roomy })],
    activate('a'),
    command('AcquireLease', seat),
    command('AssignUser', { userRef: 'ref_1' }),
    command('RecordUsage', oneUse({ meter: 'builds', quantity: 3, usageId: 'u1', occurredAt: noon })),
  );
  test.each<[string, Partial<Limits>]>([
    ['devices', { activations: 0 }],
    ['seats', { seats: 0 }],
    ['users', { users: 0 }],
    ['the meter builds', { meters: { builds: 2 } }],
  ])('say that it is of %s', (name, lowered) => {
    expect(detailOf(used, command('ChangeLimits', { limits: { ...roomy, ...lowered } }))).toContain(name);
  });
});
