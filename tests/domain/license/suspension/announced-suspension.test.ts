import { describe, expect, test } from 'vitest';
import { effectiveStatus, suspensionAt } from '../../../../src/domain/license/status.ts';
import { viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { command, event, followedBy, free, to } from '../commands.ts';
import {
  activate,
  activated,
  activatedEvent,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  reinstate,
  renew,
  suspend,
  suspendedEvent,
  tomorrow,
} from '../examples.ts';

const nextWeek = '2026-06-08T12:00:00.000Z';
const justBefore = '2026-06-08T11:59:59.999Z';
const later = { effectiveAt: nextWeek };
const suspendLater = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: later });
const suspendedLater = event('LicenseSuspended', { reasonCode: 'PAYMENT', until: null, eventId: 'evt_1' }, nextWeek);
const cancel = (eventId = 'evt_1', at = noon) => command('CancelScheduled', { eventId }, at);

describe('an announced suspension', () => {
  const pending = [issued(), activated('a', 1), on(noon, suspendedLater)];

  test('is recorded now and starts at its instant, by the clock alone', () => {
    given(issued()).when(suspendLater).thenEvents(suspendedLater);
    const { facts } = licenseAfter(...pending);
    expect(effectiveStatus(facts, justBefore)).toBe('ACTIVE');
    expect(effectiveStatus(facts, nextWeek)).toBe('SUSPENDED');
    expect(suspensionAt(facts, nextWeek)).toEqual({ reasonCode: 'PAYMENT', since: nextWeek, until: null });
    given(...pending)
      .when(activate('b', justBefore))
      .thenEvents(activatedEvent('b', 2));
    given(...pending)
      .when(activate('b', nextWeek))
      .thenRejected('LICENSE_SUSPENDED');
  });
  test('may end by itself', () => {
    const ends = command('Suspend', { reasonCode: 'PAYMENT', until: '2026-06-09T12:00:00.000Z', scheduled: later });
    const { facts } = licenseAfter(...followedBy([issued()], ends));
    expect(effectiveStatus(facts, '2026-06-09T12:00:00.000Z')).toBe('ACTIVE');
    given(issued())
      .when(command('Suspend', { reasonCode: 'PAYMENT', until: tomorrow, scheduled: later }))
      .thenRejected('TERM_INVALID');
  });
  test('can be withdrawn before it starts, for example after a payment', () => {
    given(...pending)
      .when(cancel('evt_1', justBefore))
      .thenEvents(event('ScheduledChangeCancelled', { eventId: 'evt_1' }));
    const { facts } = licenseAfter(...followedBy(pending, cancel()));
    expect(effectiveStatus(facts, nextWeek)).toBe('ACTIVE');
    expect(facts.scheduled).toEqual([]);
  });
  test('cannot be withdrawn after it started, nor when it was never announced', () => {
    given(...pending)
      .when(cancel('evt_1', nextWeek))
      .thenRejected('NOT_FOUND');
    given(...pending)
      .when(cancel('evt_2'))
      .thenRejected('NOT_FOUND');
  });
  test('is ended by reinstating after it started', () => {
    const reinstated = event('LicenseReinstated', { suspendedSince: nextWeek, suspendedForSeconds: 86_400 });
    given(...pending)
      .when(reinstate(justBefore))
      .thenNothing();
    given(...pending)
      .when(reinstate('2026-06-09T12:00:00.000Z'))
      .thenEvents(reinstated);
    const { facts } = licenseAfter(...pending, on('2026-06-09T12:00:00.000Z', reinstated));
    expect(effectiveStatus(facts, '2026-06-09T12:00:00.000Z')).toBe('ACTIVE');
  });
  test('still starts after another suspension has ended', () => {
    const history = followedBy(pending, suspend('FRAUD'), reinstate(tomorrow));
    expect(effectiveStatus(licenseAfter(...history).facts, tomorrow)).toBe('ACTIVE');
    expect(effectiveStatus(licenseAfter(...history).facts, nextWeek)).toBe('SUSPENDED');
  });
  test('for PAYMENT is ended by a paid renewal; with another reason it is not', () => {
    const paid = renew({ reasonCode: 'PAYMENT' }, nextWeek);
    expect(effectiveStatus(licenseAfter(...followedBy(pending, paid)).facts, nextWeek)).toBe('ACTIVE');
    const fraud = followedBy(pending, suspend('FRAUD'), paid);
    expect(effectiveStatus(licenseAfter(...fraud).facts, nextWeek)).toBe('SUSPENDED');
  });
  test('for another reason prevents reinstatement on payment only while it is in force', () => {
    const fraud = (effectiveAt: string, until: string | null) =>
      command('Suspend', { reasonCode: 'FRAUD', until, scheduled: { effectiveAt } });
    const afterPayment = (announced: ReturnType<typeof fraud>, at: string) =>
      followedBy([issued()], suspend('PAYMENT'), announced, renew({ reasonCode: 'PAYMENT' }, at)).at(-1)?.event.type;
    expect(afterPayment(fraud(nextWeek, null), justBefore)).toBe('LicenseReinstated');
    expect(afterPayment(fraud(nextWeek, null), nextWeek)).toBe('LicenseRenewed');
    expect(afterPayment(fraud(tomorrow, nextWeek), justBefore)).toBe('LicenseRenewed');
    expect(afterPayment(fraud(tomorrow, nextWeek), nextWeek)).toBe('LicenseReinstated');
    const other = command('SetRenewal', { to: 'auto', scheduled: { effectiveAt: tomorrow } });
    expect(
      followedBy([issued()], suspend('PAYMENT'), other, renew({ reasonCode: 'PAYMENT' }, nextWeek)).at(-1)?.event.type,
    ).toBe('LicenseReinstated');
  });
  test('is reported as the earlier one when two end together, or never', () => {
    const told = (first: string | null, second: string | null) => {
      const announced = command('Suspend', { reasonCode: 'PAYMENT', until: second, scheduled: later });
      return suspensionAt(licenseAfter(...followedBy([issued()], suspend('FRAUD', first), announced)).facts, nextWeek)
        ?.reasonCode;
    };
    const [ninth, tenth] = ['2026-06-09T12:00:00.000Z', '2026-06-10T12:00:00.000Z'];
    expect([told(null, null), told(ninth, ninth), told(ninth, tenth), told(tenth, ninth)]).toEqual([
      'FRAUD',
      'FRAUD',
      'PAYMENT',
      'FRAUD',
    ]);
    expect([told(null, ninth), told(ninth, null)]).toEqual(['FRAUD', 'PAYMENT']);
  });
  test('counts as a running suspension: further reasons are added, the same reason changes nothing', () => {
    given(...pending)
      .when(suspend('FRAUD', null, nextWeek))
      .thenEvents(event('SuspensionReasonAdded', { reasonCode: 'FRAUD', until: null }));
    given(...pending)
      .when(suspend('PAYMENT', null, nextWeek))
      .thenNothing();
    given(...pending)
      .when(suspendLater)
      .thenNothing();
  });
  test('reports its longest reason, and the start of the first', () => {
    const history = followedBy(
      [issued(), on(noon, suspendedLater)],
      suspend('FRAUD', '2026-06-10T12:00:00.000Z', tomorrow),
    );
    expect(suspensionAt(licenseAfter(...history).facts, nextWeek)).toEqual({
      reasonCode: 'PAYMENT',
      since: tomorrow,
      until: null,
    });
    const short = command('Suspend', { reasonCode: 'PAYMENT', until: '2026-06-09T12:00:00.000Z', scheduled: later });
    const other = followedBy([issued()], short, suspend('FRAUD', '2026-06-10T12:00:00.000Z', tomorrow));
    expect(suspensionAt(licenseAfter(...other).facts, nextWeek)).toMatchObject({
      reasonCode: 'FRAUD',
      since: tomorrow,
    });
  });
  test('does not continue an earlier suspension that has ended', () => {
    const ended = on('2026-06-01T12:00:00.000Z', suspendedEvent('ADMIN', tomorrow));
    const history = followedBy([issued(), ended, on(noon, suspendedLater)], suspend('FRAUD', null, nextWeek));
    expect(licenseAfter(...history).facts.suspension).toEqual({ reasonCode: 'FRAUD', since: nextWeek, until: null });
  });
  test('limits how long a result may be cached', () => {
    const { facts } = licenseAfter(...pending);
    const answer = validate(viewOfFacts(facts), { product: null, fingerprint: null }, '2026-06-08T11:59:00.000Z');
    expect(answer).toMatchObject({ valid: true, ttlSeconds: 60, offlineGraceUntil: nextWeek });
  });
  test('must be an instant', () => {
    const soon = { effectiveAt: 'soon' };
    given(issued())
      .when(command('SetRenewal', { to: 'auto', scheduled: soon }))
      .thenRejected('TERM_INVALID');
  });
  test('must lie in the future', () => {
    const now = { effectiveAt: noon };
    given(issued())
      .when(command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: now }))
      .thenRejected('TERM_INVALID');
    given(issued())
      .when(command('SetRenewal', { to: 'auto', scheduled: now }))
      .thenRejected('TERM_INVALID');
    given(issued())
      .when(command('ChangeTier', { target: to(free), scheduled: now }))
      .thenRejected('TERM_INVALID');
  });
});
