import { describe, expect, test } from 'vitest';
import type { CommandOf } from '../../src/domain/license/commands.ts';
import { paidTermOf } from '../../src/domain/license/term/paid-terms.ts';
import { command, enterprise, event, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import { given, issued, licenseAfter, on, perpetual, pro } from '../domain/license/examples.ts';

// People complained that a tier bought during a trial ended with the trial, and that one bought after a trial never
// ended and was never renewed.

const [early, trialEnd, late] = ['2026-01-10T12:00:00.000Z', '2026-01-31T00:00:00.000Z', '2026-02-10T12:00:00.000Z'];
const term = { basis: 'ISSUE', duration: 'P30D', startsAt: '2026-01-01T00:00:00.000Z', expiresAt: trialEnd } as const;
const onTrial = (rules: object = {}) => issued({ policy: { ...trial, ...rules }, term: { ...term, timeZone: 'UTC' } });
const free = policyWith({ policyId: 'pol_free', tier: 'FREE', type: 'PERPETUAL' });
const waiting = issued({
  policy: trial,
  term: { ...term, timeZone: 'UTC', basis: 'FIRST_VALIDATION', startsAt: null, expiresAt: null },
});
const downgraded = [onTrial({ trialEnd: 'DOWNGRADE' })].concat(
  on(
    trialEnd,
    event('LicenseTierChanged', {
      ...{ from: 'TRIAL', to: 'FREE', policyId: free.policyId, policyVersion: 1, policy: free },
      ...{ direction: 'DOWNGRADE', cause: 'TRIAL_ENDED', scheduledBy: null },
    }),
  ) as never,
  on(
    trialEnd,
    event('LicenseTermStarted', { termNumber: 2, startsAt: trialEnd, expiresAt: null, trigger: 'TRIAL_ENDED' }),
  ) as never,
);
const freeForEver = [issued({ policy: free, term: perpetual })];

type Change = CommandOf<'ChangeTier'>['data'];
const year = { term: { kind: 'duration', duration: 'P1Y' } } as const;
const tier = (at: string, data: Partial<Change> = {}) => command('ChangeTier', { target: to(pro), ...data }, at);
const factsAfter = (...history: ReturnType<typeof followedBy>) => licenseAfter(...history).facts;

describe('A paid tier without a term', () => {
  test.each([
    ['for a running trial', [onTrial()], early],
    ['for a trial that has expired', [onTrial({ trialEnd: 'EXPIRE' })], late],
    ['for a trial that became FREE', downgraded, late],
    ['for a license that was issued FREE without end', freeForEver, late],
  ])('%s is refused', (_, history, at) => {
    given(...history)
      .when(tier(at))
      .thenRejected('TERM_INVALID');
  });
  test.each([
    ['a running trial', [onTrial()]],
    ['a trial that expires before the change', [onTrial({ trialEnd: 'EXPIRE' })]],
    ['a trial that waits for its first use', [waiting]],
    ['a trial that became FREE', downgraded],
    ['a license that was issued FREE without end', freeForEver],
  ])('cannot be announced for %s', (_, history) => {
    const announce = tier(late, { scheduled: { effectiveAt: '2026-03-01T00:00:00.000Z' } });
    given(...history)
      .when(announce)
      .thenRejected('TERM_INVALID');
  });
  test('that an earlier build announced is carried out as announced', () => {
    const announcement = event('TierChangeScheduled', { eventId: 'evt_1', from: 'FREE', target: to(pro) }, late);
    const history = [...freeForEver, on(early, announcement)];
    const { policy, term: kept } = factsAfter(
      ...followedBy(history, command('CarryOutScheduled', { eventId: 'evt_1' }, late)),
    );
    expect([policy.tier, kept.expiresAt]).toEqual(['PRO', null]);
  });
  test('for a paid license keeps its term', () => {
    const { policy, term: kept } = factsAfter(...followedBy([issued()], tier(early, { target: to(enterprise) })));
    expect([policy.tier, kept.expiresAt]).toEqual(['ENTERPRISE', '2027-01-01T00:00:00.000Z']);
  });
  test('for a FREE license with an end keeps that end', () => {
    const { term: kept } = factsAfter(...followedBy([issued({ policy: free })], tier(early)));
    expect(kept.expiresAt).toBe('2027-01-01T00:00:00.000Z');
  });
});

describe('A paid tier with a term', () => {
  test.each([
    ['starts now for a running trial', [onTrial()], early, '2027-01-10T12:00:00.000Z'],
    [
      'keeps the days of a trial if its policy does',
      [onTrial({ trialDays: 'KEEP' })],
      early,
      '2027-01-31T00:00:00.000Z',
    ],
    ['starts now for a trial that became FREE', downgraded, late, '2027-02-10T12:00:00.000Z'],
    ['starts now for a license that was issued FREE', freeForEver, late, '2027-02-10T12:00:00.000Z'],
    ['replaces the term of a paid license', [issued({ policy: enterprise })], late, '2027-02-10T12:00:00.000Z'],
  ])('%s', (_, history, at, expiresAt) => {
    const { policy, term: started } = factsAfter(...followedBy(history, tier(at, year)));
    expect([policy.tier, started.startsAt, started.expiresAt]).toEqual(['PRO', at, expiresAt]);
  });
  test('may be for ever', () => {
    const facts = factsAfter(...followedBy(downgraded, tier(late, { term: { kind: 'perpetual' } })));
    expect([facts.policy.tier, facts.term.expiresAt]).toEqual(['PRO', null]);
  });
  test('is no way to renew the tier that a license has', () => {
    given(...followedBy(freeForEver, tier(early, year)))
      .when(tier(late, year))
      .thenRejected('TERM_INVALID');
  });
  test.each([
    ['later', { ...year, scheduled: { effectiveAt: '2026-06-01T00:00:00.000Z' } }, 'INVALID_REQUEST'],
    ['to another trial', { ...year, target: to({ ...trial, policyId: 'pol_other' }) }, 'INVALID_REQUEST'],
    ['that has ended', { term: { kind: 'fixed', expiresAt: early } }, 'TERM_INVALID'],
    ['of no duration', { term: { kind: 'duration', duration: 'a year' } }, 'TERM_INVALID'],
  ] as const)('cannot start %s', (_, data, code) => {
    given(onTrial()).when(tier(early, data)).thenRejected(code);
  });
  test('is paid for once, and lifts a suspension for the payment', () => {
    const suspended = followedBy(freeForEver, command('Suspend', { reasonCode: 'PAYMENT', until: null }, early));
    const paid = followedBy(suspended, tier(late, { ...year, billingRef: 'in_1' }));
    const license = licenseAfter(...paid);
    expect(license.facts.suspension).toBeNull();
    expect(paidTermOf(license, 'in_1')).toMatchObject({ startsAt: late, expiresAt: '2027-02-10T12:00:00.000Z' });
    given(...paid)
      .when(tier('2026-03-01T00:00:00.000Z', { ...year, billingRef: 'in_1' }))
      .thenNothing();
    given(...paid)
      .when(tier(late, { term: { kind: 'perpetual' }, billingRef: 'in_1' }))
      .thenRejected('BILLING_REF_REUSED');
    given(...paid)
      .when(command('Renew', { duration: 'P1Y', reasonCode: null, billingRef: 'in_1' }, late))
      .thenRejected('BILLING_REF_REUSED');
  });
});

describe('A trial that the vendor makes FREE', () => {
  test.each([
    ['before its end', [onTrial()]],
    ['before its first use', [waiting]],
  ])('%s does not end with the trial', (_, history) => {
    const facts = factsAfter(...followedBy(history, tier(early, { target: to(free) })));
    expect([facts.policy.tier, facts.term.startsAt, facts.term.expiresAt]).toEqual(['FREE', early, null]);
  });
});
