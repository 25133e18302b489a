import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { effectiveStatus } from '../../../src/domain/license/status.ts';
import { viewOfFacts } from '../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../src/domain/license/validation/validity.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { allCommands, everyCommand, lease } from './all-commands.ts';
import { command, event, followedBy, free, policyWith, to, trial, typesOf } from './commands.ts';
import {
  activate,
  activated,
  activatedEvent,
  deactivate,
  expire,
  expiredEvent,
  expiresAt,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  reinstate,
  renew,
  revoke,
  suspend,
  suspendedEvent,
  tomorrow,
  twoDevices,
} from './examples.ts';

// The rules for awkward cases, one by one. The tests of the commands have the details.

const seats = { ...twoDevices, seats: 1, users: 1, meters: { builds: 1 } };

const decideOn = (history: Parameters<typeof followedBy>[0], command: LicenseCommand) =>
  licenseDecider.decide(command, licenseAfter(...history), testEventIds);
const without = (...types: readonly LicenseCommand['type'][]) =>
  allCommands.filter(({ type }) => !types.includes(type));

describe('rule 1: activating beyond the maximum', () => {
  test('is refused, and other activations stay', () => {
    given(issued(), activated('a', 1), activated('b', 2)).when(activate('c')).thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
});

describe('rule 2: the same fingerprint again', () => {
  test('changes nothing, so a client can repeat after a lost reply', () => {
    given(issued(), activated('a', 1)).when(activate('a')).thenNothing();
  });
});

describe('rule 3: suspended while activated', () => {
  const used = followedBy([issued({ limits: seats })], activate('a'), command('AcquireLease', lease), suspend());
  test('activations and seats stay; new ones and heartbeats are refused', () => {
    expect(licenseAfter(...used).facts.usage).toMatchObject({ activations: 1, seats: 1 });
    given(...used)
      .when(activate('b'))
      .thenRejected('LICENSE_SUSPENDED');
    given(...used)
      .when(command('RenewLease', everyCommand.RenewLease))
      .thenRejected('LICENSE_SUSPENDED');
  });
  test('live leases lapse by their time to live, and reinstating needs no new activation', () => {
    const later = followedBy(used, command('LapseLease', everyCommand.LapseLease, tomorrow), reinstate(tomorrow));
    expect(licenseAfter(...later).facts.usage).toMatchObject({ activations: 1, seats: 0 });
    given(...later)
      .when(activate('a', tomorrow))
      .thenNothing();
  });
});

describe('rule 4: expired while suspended', () => {
  test('the expiry is announced, the license stays SUSPENDED, and reinstating makes it EXPIRED', () => {
    const history = [issued(), on(noon, suspendedEvent())];
    given(...history)
      .when(expire())
      .thenEvents(expiredEvent());
    const announced = followedBy(history, expire());
    expect(effectiveStatus(licenseAfter(...announced).facts, expiresAt)).toBe('SUSPENDED');
    expect(effectiveStatus(licenseAfter(...followedBy(announced, reinstate(expiresAt))).facts, expiresAt)).toBe(
      'EXPIRED',
    );
  });
});

describe('rule 5: expired, then renewed', () => {
  test('a new term starts, activations stay, and the event states the gap', () => {
    const late = '2027-01-03T00:00:00.000Z';
    const history = followedBy([issued(), activated('a', 1)], expire(), renew({ basis: 'FROM_NOW' }, late));
    expect(history.at(-1)?.event).toMatchObject({ data: { termNumber: 2, startsAt: late, gapSeconds: 2 * 86_400 } });
    expect(licenseAfter(...history).activations.size).toBe(1);
  });
  test('a renewal before the expiry starts at the expiry', () => {
    expect(followedBy([issued()], renew()).at(-1)?.event).toMatchObject({
      data: { startsAt: expiresAt, gapSeconds: 0 },
    });
  });
});

describe('rule 6: renewed while suspended', () => {
  const suspended = (reason: 'PAYMENT' | 'FRAUD', reinstateOnPayment = true) =>
    followedBy([issued({ policy: policyWith({ reinstateOnPayment }) })], suspend(reason));
  const paid = renew({ reasonCode: 'PAYMENT' });
  test('stays suspended, unless the renewal is the missing payment and the policy reinstates on it', () => {
    expect(typesOf(followedBy(suspended('PAYMENT'), paid)).slice(2)).toEqual(['LicenseRenewed', 'LicenseReinstated']);
    expect(typesOf(followedBy(suspended('PAYMENT', false), paid)).slice(2)).toEqual(['LicenseRenewed']);
    expect(typesOf(followedBy(suspended('FRAUD'), paid)).slice(2)).toEqual(['LicenseRenewed']);
    expect(typesOf(followedBy(suspended('PAYMENT'), renew())).slice(2)).toEqual(['LicenseRenewed']);
  });
});

describe('rule 7: revocation is final', () => {
  const revoked = followedBy([issued()], revoke());
  const sweeps = [
    'Expire',
    'EndGrace',
    'EndTrial',
    'Remind',
    'LapseLease',
    'RetireKey',
    'CarryOutScheduled',
    'AnnounceEnded',
    'EndSuspension',
    'EndEntitlements',
    'ReleaseExpired',
    'ReleaseUnseen',
  ] as const;
  const known = ['IssueLicense', 'ImportLicense', 'Revoke', 'RecordReplacement'] as const;

  test.each(without(...sweeps, ...known))('$type is refused', (next) => {
    expect(decideOn(revoked, next)).toMatchObject({ rejected: 'LICENSE_REVOKED' });
  });
  test.each(allCommands.filter(({ type }) => sweeps.some((sweep) => sweep === type)))(
    'a late $type of the worker changes nothing',
    (next) => expect(decideOn(revoked, next)).toEqual([]),
  );
  test('only the note of its replacement is recorded', () => {
    given(...revoked)
      .when(command('RecordReplacement', { by: 'lic_2' }))
      .thenEvents(event('ReplacementIssued', { by: 'lic_2' }));
  });
});

describe('rule 8: repeated commands', () => {
  test('suspending, reinstating, deactivating, revoking again changes nothing', () => {
    given(...followedBy([issued()], suspend()))
      .when(suspend())
      .thenNothing();
    given(issued()).when(reinstate()).thenNothing();
    given(...followedBy([issued()], activate('a'), deactivate('a')))
      .when(deactivate('a'))
      .thenNothing();
    given(...followedBy([issued()], revoke()))
      .when(revoke())
      .thenNothing();
  });
  test('suspending for another reason adds it', () => {
    given(...followedBy([issued()], suspend()))
      .when(suspend('FRAUD'))
      .thenEvents(event('SuspensionReasonAdded', { reasonCode: 'FRAUD', until: null }));
  });
});

describe('rule 9: consequences are events', () => {
  test('of a limit lowered below use', () => {
    const lower = command('ChangeLimits', { limits: { ...twoDevices, activations: 0 }, strategy: 'EVICT_OLDEST' });
    expect(typesOf(followedBy([issued(), activated('a', 1)], lower)).slice(2)).toEqual([
      'LicenseLimitsChanged',
      'ActivationDeactivated',
    ]);
  });
  test('of a downgrade that drops every product', () => {
    const downgrade = command('ChangeTier', { target: to(free, { products: [] }) });
    expect(typesOf(followedBy([issued(), activated('a', 1)], downgrade)).slice(2)).toEqual([
      'LicenseTierChanged',
      'ProductRemoved',
      'ProductRemoved',
      'ActivationDeactivated',
    ]);
  });
});

describe('rule 10: a trial ends', () => {
  test('by expiring, or by becoming FREE', () => {
    const onTrial = (trialEnd: 'EXPIRE' | 'DOWNGRADE') =>
      issued({ policy: { ...trial, trialEnd }, afterTrial: to(free) });
    const end = command('EndTrial', everyCommand.EndTrial, expiresAt);
    expect(typesOf(followedBy([onTrial('EXPIRE')], end)).slice(1)).toEqual(['LicenseExpired']);
    expect(typesOf(followedBy([onTrial('DOWNGRADE')], end)).slice(1)).toEqual([
      'LicenseExpired',
      'LicenseTierChanged',
      'LicenseTermStarted',
    ]);
  });
});

describe('rule 11: deactivated during an offline borrow', () => {
  test('the seat returns only at the end of the borrow', () => {
    const policy = policyWith({
      lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 3600 },
    });
    const borrowed = followedBy(
      [issued({ policy, limits: seats })],
      activate('a'),
      command('AcquireLease', { ...lease, holderHash: 'hash-a', borrowSeconds: 3600 }),
    );
    const taken = followedBy(borrowed, deactivate('a', noon, 'ADMIN'));
    expect(taken.at(-1)?.event).toMatchObject({ data: { cause: 'ADMIN', seatFreeAt: '2026-06-01T13:00:00.000Z' } });
    given(...taken)
      .when(command('AcquireLease', { ...lease, leaseId: 'l2' }))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
});

describe('rule 12: the owner is deleted or suspended', () => {
  test('licenses are not deleted: no command does that, and validation says TENANT_SUSPENDED', () => {
    const { facts } = licenseAfter(issued());
    expect(
      validate({ ...viewOfFacts(facts), tenantSuspended: true }, { product: null, fingerprint: null }, noon),
    ).toMatchObject({ valid: false, code: 'TENANT_SUSPENDED' });
    expect(allCommands.filter(({ type }) => /delete|erase/i.test(type))).toEqual([]);
  });
});

describe('rule 13: every command that hands out use has the same guard', () => {
  const uses = allCommands.filter(({ type }) =>
    ['Activate', 'SwapActivation', 'AcquireLease', 'RenewLease', 'RecordUsage'].includes(type),
  );
  const used = followedBy([issued({ limits: seats })], activate('a'), command('AcquireLease', lease));
  test('there is something to guard', () => expect(uses).toHaveLength(5));
  test.each(uses)('$type is refused on a license that is expired, suspended or revoked', (next) => {
    expect(decideOn(used, { ...next, at: expiresAt } as LicenseCommand)).toMatchObject({ rejected: 'LICENSE_EXPIRED' });
    expect(decideOn(followedBy(used, suspend()), next)).toMatchObject({ rejected: 'LICENSE_SUSPENDED' });
    expect(decideOn(followedBy(used, revoke()), next)).toMatchObject({ rejected: 'LICENSE_REVOKED' });
  });
});

describe('rule 14: concurrent commands are decided one after the other', () => {
  test('so a hundred activations fill five places', () => {
    const names = Array.from({ length: 100 }, (_, index) => `d${index}`);
    let history: Parameters<typeof followedBy>[0] = [issued({ limits: { ...twoDevices, activations: 5 } })];
    let refused = 0;
    for (const name of names) {
      const next = activate(name);
      if ('rejected' in decideOn(history, next)) refused += 1;
      else history = followedBy(history, next);
    }
    expect([licenseAfter(...history).activations.size, refused]).toEqual([5, 95]);
    expect(history.at(-1)?.event).toEqual(activatedEvent('d4', 5, 5));
  });
});

describe('an unissued license', () => {
  test.each(without('IssueLicense', 'ImportLicense'))('refuses $type', (next) => {
    given().when(next).thenRejected('LICENSE_NOT_FOUND');
  });
});

describe('deciding', () => {
  test.each(allCommands)('$type does not change the license in place', (next) => {
    const license = licenseAfter(
      ...followedBy([issued({ limits: seats })], activate('a'), command('AcquireLease', lease)),
    );
    const before = structuredClone(license);
    licenseDecider.decide(next, license, testEventIds);
    expect(license).toEqual(before);
  });
});
