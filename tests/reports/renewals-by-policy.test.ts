import { describe, expect, test } from 'vitest';
import type { CommandOf } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands, nextDueAt } from '../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { effectiveStatus } from '../../src/domain/license/status.ts';
import { usageAt } from '../../src/domain/license/usage/term-counters.ts';
import { viewOfFacts } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { command, enterprise, event, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import {
  expiresAt,
  given,
  graceEndsAt,
  issued,
  licenseAfter,
  noon,
  oneYear,
  perpetual,
  renewTo,
  tomorrow,
} from '../domain/license/examples.ts';
import { oneUse } from '../support/one-use.ts';

// People complained that every renewal had to repeat what the plan says, and that a sold subscription could not become
// a license for ever.

const renewBy = (data: Partial<CommandOf<'Renew'>['data']> = {}, at = noon) =>
  command('Renew', { reasonCode: null, ...data }, at);
const fixed = issued({ term: { ...oneYear, basis: 'FIXED', duration: null } });
const endAfter = (...history: ReturnType<typeof followedBy>) => licenseAfter(...history).facts.term.expiresAt;
const [inGrace, late] = ['2027-01-01T12:00:00.000Z', '2027-03-01T00:00:00.000Z'];

describe('A renewal that names nothing', () => {
  const withRules = (rules: Partial<PinnedPolicy>) => issued({ policy: policyWith(rules) });
  test.each([
    ['takes the duration of the policy', withRules({ renewalDuration: 'P3M' }), renewBy(), '2027-04-01T00:00:00.000Z'],
    ['takes the basis of the policy', withRules({ renewalBasis: 'FROM_NOW' }), renewBy(), '2027-06-01T12:00:00.000Z'],
    ['takes the duration of the last term otherwise', issued(), renewBy(), '2028-01-01T00:00:00.000Z'],
    ['prefers the last term to the catalog', issued(), renewBy({ policyDuration: 'P1M' }), '2028-01-01T00:00:00.000Z'],
    ['takes the duration of the catalog', fixed, renewBy({ policyDuration: 'P1M' }), '2027-02-01T00:00:00.000Z'],
    [
      'continues a term in its grace',
      withRules({ expiryGraceSeconds: 86_400 }),
      renewBy({}, inGrace),
      '2028-01-01T00:00:00.000Z',
    ],
    ['begins now after the end', issued(), renewBy({}, late), '2028-03-01T00:00:00.000Z'],
    [
      'begins at the old end if the policy says so',
      withRules({ renewalBasis: 'FROM_EXPIRY' }),
      renewBy({}, late),
      '2028-01-01T00:00:00.000Z',
    ],
    ['may name the basis alone', issued(), renewBy({ basis: 'FROM_NOW' }), '2027-06-01T12:00:00.000Z'],
    ['may name the duration alone', issued(), renewBy({ duration: 'P2Y' }, late), '2029-01-01T00:00:00.000Z'],
    [
      'takes the basis of the policy with a duration, too',
      withRules({ renewalBasis: 'FROM_NOW' }),
      renewBy({ duration: 'P2Y' }, late),
      '2029-03-01T00:00:00.000Z',
    ],
  ])('%s', (_, first, renewal, end) => {
    expect(endAfter(...followedBy([first], renewal))).toBe(end);
  });
  test.each([
    ['of a license with a fixed end that no policy knows', [fixed], renewBy()],
    ['of a license without an end', [issued({ term: perpetual })], renewBy()],
    ['of a license without an end that names a duration', [issued({ term: perpetual })], renewBy({ duration: 'P1Y' })],
  ])('%s is refused', (_, history, renewal) => {
    given(...history)
      .when(renewal)
      .thenRejected('TERM_INVALID');
  });
  test('of a license without any duration says what to send', () => {
    expect(licenseDecider.decide(renewBy(), licenseAfter(fixed), () => 'evt_1')).toMatchObject({
      rejected: 'TERM_INVALID',
      detail: expect.stringContaining('Send duration, such as P1Y, or expiresAt.'),
      place: ['duration'],
    });
  });
});

describe('The duration of the last term', () => {
  test('is the one that a renewal named, also after a renewal to an end', () => {
    const monthly = followedBy([issued()], renewBy({ duration: 'P1M' }), renewTo('2027-02-15T00:00:00.000Z'));
    expect(endAfter(...followedBy(monthly, renewBy()))).toBe('2027-03-15T00:00:00.000Z');
  });
  test('is forgotten when the license moves to another policy, whose own duration counts', () => {
    const moved = followedBy([issued()], command('ChangeTier', { target: to(enterprise) }));
    expect(endAfter(...followedBy(moved, renewBy({ policyDuration: 'P1M' })))).toBe('2027-02-01T00:00:00.000Z');
    given(...moved)
      .when(renewBy())
      .thenRejected('TERM_INVALID');
  });
  test('stays with another version of the policy', () => {
    const target = to(policyWith({ version: 2 }));
    const monthly = followedBy([issued()], renewBy({ duration: 'P1M' }), command('ChangePolicy', { target }));
    expect(endAfter(...followedBy(monthly, renewBy({ policyDuration: 'P1Y' })))).toBe('2027-03-01T00:00:00.000Z');
  });
  test('is that of the conversion for a converted trial', () => {
    const onTrial = issued({ policy: trial, term: { ...oneYear, duration: 'P14D', expiresAt: tomorrow } });
    const conversion = {
      target: to(policyWith({})),
      term: { kind: 'duration', duration: 'P6M' },
      billingRef: null,
    } as const;
    const converted = followedBy([onTrial], command('ConvertTrial', conversion));
    expect(endAfter(...followedBy(converted, renewBy()))).toBe('2027-06-01T12:00:00.000Z');
  });
});

describe('A payment that is reported again without its terms', () => {
  const once = followedBy([issued()], renewBy({ billingRef: 'in_1' }));
  test.each([
    ['renews once', once, { billingRef: 'in_1' }],
    ['renews once when it names the same duration', once, { billingRef: 'in_1', duration: 'P12M' }],
    [
      'renews once when the first request named an end',
      followedBy([issued()], command('Renew', { expiresAt: late, reasonCode: null, billingRef: 'in_1' })),
      { billingRef: 'in_1' },
    ],
  ])('%s', (_, history, data) => {
    given(...history)
      .when(renewBy(data, tomorrow))
      .thenNothing();
  });
  test('renews once, also when the license has another policy since', () => {
    const moved = followedBy(
      once,
      command('ChangeTier', { target: to(policyWith({ policyId: 'pol_2', renewalDuration: 'P1M' })) }),
    );
    given(...moved)
      .when(renewBy({ billingRef: 'in_1' }, tomorrow))
      .thenNothing();
  });
  test('is refused for other terms', () => {
    given(...once)
      .when(renewBy({ billingRef: 'in_1', duration: 'P1M' }, tomorrow))
      .thenRejected('BILLING_REF_REUSED');
    given(...once)
      .when(renewBy({ billingRef: 'in_1', basis: 'FROM_NOW' }, tomorrow))
      .thenRejected('BILLING_REF_REUSED');
  });
});

describe('A license that becomes perpetual', () => {
  const forEver = (at = noon) => command('ChangeExpiry', { to: null, reasonCode: 'GOODWILL' }, at);
  const endless = (...first: ReturnType<typeof followedBy>) => followedBy(first, forEver());
  const removed: LicenseEvent = event('LicenseExpiryChanged', { termNumber: 1, from: expiresAt, to: null });

  test('has no end, no grace, no reminder and no expiry', () => {
    given(issued()).when(forEver()).thenEvents(removed);
    const { facts } = licenseAfter(...endless(issued({ policy: policyWith({ expiryGraceSeconds: 86_400 }) })));
    expect(facts.term.expiresAt).toBeNull();
    expect(nextDueAt(facts)).toBeNull();
    for (const at of [expiresAt, graceEndsAt, late, '2099-01-01T00:00:00.000Z']) {
      expect(effectiveStatus(facts, at)).toBe('ACTIVE');
      expect(dueCommands(facts, at)).toEqual([]);
    }
    const { expiresAt: seen, ttlSeconds } = validate(viewOfFacts(facts), { product: null, fingerprint: null }, late);
    expect([seen, ttlSeconds]).toEqual([null, 86_400]);
  });
  test('that is perpetual already changes nothing', () => {
    given(issued({ term: perpetual }))
      .when(forEver())
      .thenNothing();
    given(...endless(issued()))
      .when(forEver(tomorrow))
      .thenNothing();
  });
  test.each([
    ['has expired', [issued()], late],
    ['is in its grace', [issued({ policy: policyWith({ expiryGraceSeconds: 86_400 }) })], inGrace],
    [
      'waits for its first use',
      [issued({ term: { ...oneYear, basis: 'FIRST_VALIDATION', startsAt: null, expiresAt: null } })],
      noon,
    ],
    ['is a trial', [issued({ policy: trial })], noon],
  ])('is refused while it %s', (_, history, at) => {
    given(...history)
      .when(forEver(at))
      .thenRejected('TERM_INVALID');
  });
  test('stays suspended while it is suspended', () => {
    const suspended = followedBy([issued()], command('Suspend', { reasonCode: 'PAYMENT', until: null }));
    expect(effectiveStatus(licenseAfter(...followedBy(suspended, forEver(tomorrow))).facts, late)).toBe('SUSPENDED');
  });
  test('is no longer cancelled, now or later', () => {
    const cancelled = followedBy([issued()], command('SetRenewal', { to: 'cancelAtPeriodEnd' }));
    const { facts } = licenseAfter(...followedBy(cancelled, forEver()));
    expect(facts.renewal).toBe('manual');
    const announced = followedBy(
      [issued()],
      command('SetRenewal', { to: 'cancelAtPeriodEnd', scheduled: { effectiveAt: tomorrow } }),
    );
    expect(licenseAfter(...followedBy(announced, forEver())).facts.scheduled).toEqual([]);
  });
  test.each(['auto', 'cancelAtPeriodEnd'] as const)('that was issued so is no longer %s, now or later', (mode) => {
    const endlessFromStart = issued({ term: perpetual });
    const announced = command('SetRenewal', { to: mode, scheduled: { effectiveAt: tomorrow } });
    given(...followedBy([endlessFromStart], command('SetRenewal', { to: mode })))
      .when(forEver())
      .thenEvents(event('LicenseRenewalChanged', { from: mode, to: 'manual', eventId: null }));
    expect(licenseAfter(...followedBy([endlessFromStart], announced, forEver())).facts.scheduled).toEqual([]);
  });
  test('begins new counters at the start of a month that was paid ahead, and then never again', () => {
    const limits = { activations: 2, seats: 0, users: 0, meters: { builds: 100 } };
    const use = command('RecordUsage', oneUse({ meter: 'builds', quantity: 90, usageId: 'u_1', occurredAt: noon }));
    const ahead = followedBy([issued({ limits })], use, renewBy({ duration: 'P1M' }), forEver());
    const { facts } = licenseAfter(...ahead);
    const used = [tomorrow, expiresAt, late].map((at) => usageAt(facts, at).meters.builds ?? 0);
    expect(used).toEqual([90, 0, 0]);
  });
  test('gets an end again, and is renewed from there', () => {
    const ended = followedBy(
      endless(issued()),
      command('ChangeExpiry', { to: late, reasonCode: 'GOODWILL' }, tomorrow),
    );
    const { facts } = licenseAfter(...ended);
    expect([effectiveStatus(facts, tomorrow), effectiveStatus(facts, late)]).toEqual(['ACTIVE', 'EXPIRED']);
    expect(endAfter(...followedBy(ended, renewBy({}, tomorrow)))).toBe('2028-03-01T00:00:00.000Z');
  });
  test('answers a payment from before with its term', () => {
    const paid = followedBy([issued()], renewBy({ billingRef: 'in_1' }), forEver());
    given(...paid)
      .when(renewBy({ billingRef: 'in_1' }, tomorrow))
      .thenNothing();
  });
});
