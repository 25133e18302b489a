import { describe, expect, test } from 'vitest';
import { isRejection } from '../../src/domain/decider.ts';
import type { CommandOf } from '../../src/domain/license/commands.ts';
import { decide } from '../../src/domain/license/decide.ts';
import { paidTermOf, repeatedPurchase } from '../../src/domain/license/term/paid-terms.ts';
import { command, event, followedBy, to, trial, typesOf } from '../domain/license/commands.ts';
import {
  expiresAt,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  oneYear,
  pro,
  renew,
  renewedEvent,
  renewTo,
  suspendedEvent,
  tomorrow,
} from '../domain/license/examples.ts';
import { testEventIds } from '../support/event-ids.ts';

type Renewal = CommandOf<'Renew'>['data'];

const year = { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: 'PAYMENT' } as const;
const paid = (data: Renewal, at = noon) => command('Renew', data, at);
const nextYear = '2028-01-01T00:00:00.000Z';
const afterExpiry = '2027-01-11T00:00:00.000Z';

describe('Renewing to an end', () => {
  test.each([
    ['the end that the license has', renewTo(expiresAt), 'nothing'],
    ['the end that an expired license has', renewTo(expiresAt, afterExpiry), 'nothing'],
    [
      'the same end by its duration',
      renew({ basis: 'FROM_NOW', duration: 'P1Y' }, '2026-01-01T00:00:00.000Z'),
      'nothing',
    ],
    ['a day before the end of the license', renewTo('2026-12-31T00:00:00.000Z'), 'TERM_NOT_LATER'],
    ['a month from now, before the end', renew({ basis: 'FROM_NOW', duration: 'P1M' }), 'TERM_NOT_LATER'],
    ['an end that is no date', renewTo('soon'), 'TERM_INVALID'],
    [
      'an end later than that of an expired license, but in the past',
      renewTo('2027-01-05T00:00:00.000Z', afterExpiry),
      'TERM_INVALID',
    ],
  ])('%s answers %3$s', (_, renewal, answer) => {
    const license = given(issued()).when(renewal);
    if (answer === 'nothing') license.thenNothing();
    else license.thenRejected(answer as 'TERM_INVALID');
  });

  test('that the license has is no mistake after the time for renewals either', () => {
    given(issued({ policy: { ...pro, renewUntilSeconds: 60 } }))
      .when(renewTo(expiresAt, afterExpiry))
      .thenNothing();
  });
});

describe('A payment that a billing system reports twice', () => {
  const once = followedBy([issued()], paid({ ...year, billingRef: 'in_1' }));
  const twoTerms = followedBy(once, paid({ ...year, billingRef: 'in_2' }, tomorrow));

  test.each([
    ['at once', once, { ...year, billingRef: 'in_1' }, noon],
    ['a day later', once, { ...year, billingRef: 'in_1' }, tomorrow],
    ['after a later payment', twoTerms, { ...year, billingRef: 'in_1' }, tomorrow],
    ['after the term has expired', once, { ...year, billingRef: 'in_1' }, '2028-06-01T00:00:00.000Z'],
    ['with twelve months for a year', once, { ...year, duration: 'P12M', billingRef: 'in_1' }, tomorrow],
    [
      'with the end in place of the duration',
      once,
      { expiresAt: nextYear, reasonCode: null, billingRef: 'in_1' },
      tomorrow,
    ],
    ['without the reason', once, { ...year, reasonCode: null, billingRef: 'in_1' }, tomorrow],
  ] satisfies [string, typeof once, Renewal, string][])('%s renews once', (_, history, repeated, at) => {
    given(...history)
      .when(paid(repeated, at))
      .thenNothing();
  });

  test.each([
    ['another duration', { ...year, duration: 'P2Y', billingRef: 'in_1' }],
    ['another start', { ...year, basis: 'FROM_NOW', billingRef: 'in_1' }],
    ['another end', { expiresAt: '2029-01-01T00:00:00.000Z', reasonCode: null, billingRef: 'in_1' }],
    ['a duration that is none', { ...year, duration: 'a year', billingRef: 'in_1' }],
  ] satisfies [string, Renewal][])('with %s is refused', (_, renewal) => {
    given(...twoTerms)
      .when(paid(renewal, tomorrow))
      .thenRejected('BILLING_REF_REUSED');
  });

  test('answers with the term that it bought, also after a later renewal', () => {
    expect(paidTermOf(licenseAfter(...twoTerms), 'in_1')).toMatchObject({ termNumber: 2, expiresAt: nextYear });
    expect(paidTermOf(licenseAfter(...twoTerms), 'in_2')).toMatchObject({ termNumber: 3, startsAt: nextYear });
    expect(paidTermOf(licenseAfter(...twoTerms), 'in_3')).toBeNull();
  });

  test('for a fixed end is known by that end', () => {
    const fixed = { expiresAt: nextYear, reasonCode: null, billingRef: 'in_1' };
    const byEnd = followedBy([issued()], paid(fixed));
    expect(paidTermOf(licenseAfter(...byEnd), 'in_1')).toMatchObject({ termNumber: 2, expiresAt: nextYear });
    given(...byEnd)
      .when(paid(fixed, tomorrow))
      .thenNothing();
    given(...byEnd)
      .when(paid({ ...year, billingRef: 'in_1' }, tomorrow))
      .thenRejected('BILLING_REF_REUSED', 'billingRef');
  });
  test.each([
    ['P30D', 'P31D'],
    ['PT24H', 'PT25H'],
    ['P1M', 'P1M1D'],
  ])('for %s is not the payment for %s', (duration, other) => {
    const short = followedBy([issued()], paid({ ...year, duration, billingRef: 'in_1' }));
    given(...short)
      .when(paid({ ...year, duration: other, billingRef: 'in_1' }, tomorrow))
      .thenRejected('BILLING_REF_REUSED');
  });

  test('does not lift a suspension of a later unpaid invoice', () => {
    given(...once, on(tomorrow, suspendedEvent('PAYMENT')))
      .when(paid({ ...year, billingRef: 'in_1' }, tomorrow))
      .thenNothing();
  });

  test.each([
    ['by its reference', { billingRef: 'in_9', reasonCode: null }],
    ['by its reason', { reasonCode: 'PAYMENT' }],
  ])('lifts a suspension for the missing payment, also when the end stays: known %s', (_, named) => {
    const suspended = followedBy([issued()], command('Suspend', { reasonCode: 'PAYMENT', until: null }));
    given(...suspended)
      .when(command('Renew', { expiresAt, ...named }, tomorrow))
      .thenEvents(event('LicenseReinstated', { suspendedSince: noon, suspendedForSeconds: 86_400 }));
  });

  test.each([
    ['spaces around it', ' in_1\t'],
    ['a line end after it', 'in_1\r\n'],
    ['an invisible mark before it', '\uFEFFin_1'],
  ])('with %s renews once', (_, billingRef) => {
    given(...once)
      .when(paid({ ...year, billingRef }, tomorrow))
      .thenNothing();
    const stored = followedBy([issued()], paid({ ...year, billingRef })).at(-1)?.event;
    expect(stored).toMatchObject({ type: 'LicenseRenewed', data: { billingRef: 'in_1' } });
  });
  test('in another Unicode form renews once', () => {
    given(...followedBy([issued()], paid({ ...year, billingRef: 'facture n\u00e9' })))
      .when(paid({ ...year, billingRef: 'facture ne\u0301' }, tomorrow))
      .thenNothing();
  });
  test('renews once, also when an earlier build stored its reference with spaces', () => {
    const old = renewedEvent({ billingRef: ' in_1 ', duration: 'P1Y' });
    given(issued(), on(noon, old))
      .when(paid({ ...year, billingRef: ' in_1 ' }, tomorrow))
      .thenNothing();
  });
  test('renews each time without a reference, as before', () => {
    const history = followedBy([issued()], renew(), renew());
    expect(typesOf(history).slice(1)).toEqual(['LicenseRenewed', 'LicenseRenewed']);
  });
});

describe('The payment of a conversion', () => {
  const trialTerm = { ...oneYear, duration: 'P14D', expiresAt: '2026-06-10T00:00:00.000Z' };
  const onTrial = issued({ policy: trial, term: trialTerm });
  const convert = (overrides: Partial<CommandOf<'ConvertTrial'>['data']> = {}, at = noon) =>
    command(
      'ConvertTrial',
      { target: to(pro), term: { kind: 'duration', duration: 'P1Y' }, billingRef: 'in_1', ...overrides },
      at,
    );
  const converted = followedBy([onTrial], convert());

  test.each([
    ['at once', convert()],
    ['a day later', convert({}, tomorrow)],
    [
      'with the end in place of the duration',
      convert({ term: { kind: 'fixed', expiresAt: '2027-06-01T12:00:00.000Z' } }, tomorrow),
    ],
  ])('that is reported again %s converts once', (_, repeated) => {
    given(...converted)
      .when(repeated)
      .thenNothing();
  });
  test('that is reported again converts once, also when the days of the trial were kept', () => {
    const kept = followedBy([issued({ policy: { ...trial, trialDays: 'KEEP' }, term: trialTerm })], convert());
    given(...kept)
      .when(convert({}, tomorrow))
      .thenNothing();
    given(...kept)
      .when(convert({ term: { kind: 'duration', duration: 'P2Y' } }, tomorrow))
      .thenRejected('BILLING_REF_REUSED');
  });
  test.each([
    ['for another policy', convert({ target: to({ ...pro, policyId: 'pol_2' }) }, tomorrow)],
    ['for another duration', convert({ term: { kind: 'duration', duration: 'P2Y' } }, tomorrow)],
    ['for ever', convert({ term: { kind: 'perpetual' } }, tomorrow)],
    ['for a renewal', paid({ ...year, billingRef: 'in_1' }, tomorrow)],
    [
      'for a renewal to the end of the first term',
      paid({ expiresAt: '2027-06-01T12:00:00.000Z', reasonCode: null, billingRef: 'in_1' }, tomorrow),
    ],
  ])('%s is refused under the same reference', (_, other) => {
    given(...converted)
      .when(other)
      .thenRejected('BILLING_REF_REUSED');
  });
  test('answers with the first paid term', () => {
    expect(paidTermOf(licenseAfter(...converted), 'in_1')).toMatchObject({
      termNumber: 2,
      startsAt: noon,
      expiresAt: '2027-06-01T12:00:00.000Z',
    });
  });
  test.each([
    ['the default of the policy changed', { policyId: 'pol_1' }],
    ['another policy stands for the tier', { tier: 'PRO' as const }],
    ['the request names nothing', {}],
  ])('that is reported again converts once, also when %s since', (_, named) => {
    expect(repeatedPurchase(licenseAfter(...converted), { billingRef: 'in_1', ...named })).toEqual([]);
  });
  test('for another tier or policy is refused under the same reference', () => {
    for (const named of [{ tier: 'ENTERPRISE' as const }, { policyId: 'pol_2' }])
      expect(repeatedPurchase(licenseAfter(...converted), { billingRef: 'in_1', ...named })).toMatchObject({
        rejected: 'BILLING_REF_REUSED',
      });
  });
  test('cannot be the payment of an earlier renewal', () => {
    given(...followedBy([onTrial], paid({ ...year, billingRef: 'in_1' })))
      .when(convert())
      .thenRejected('BILLING_REF_REUSED');
  });
  test('that bought the license for ever is known when it is reported again', () => {
    const perpetual = convert({ term: { kind: 'perpetual' } });
    given(...followedBy([onTrial], perpetual))
      .when(perpetual)
      .thenNothing();
  });
  test.each([
    ['the end of the term', {}, 'which ends at 2027-06-01T12:00:00.000Z. '],
    ['that it never ends', { term: { kind: 'perpetual' } } as const, 'which ends never. '],
  ])('is refused under other terms with %s', (_, overrides, part) => {
    const license = licenseAfter(...followedBy([onTrial], convert(overrides)));
    const refusal = decide(paid({ ...year, billingRef: 'in_1' }, tomorrow), license, testEventIds);
    expect(isRejection(refusal) ? refusal.detail : '').toContain(part);
  });
  test('leaves the payment of an earlier renewal as it was', () => {
    const renewal = paid({ expiresAt: '2026-07-01T00:00:00.000Z', reasonCode: 'PAYMENT', billingRef: 'in_0' });
    given(...followedBy([onTrial], renewal, convert()))
      .when(renewal)
      .thenNothing();
  });
});
