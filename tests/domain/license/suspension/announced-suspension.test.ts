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

describe('a suspension that is announced for later, as after a failed payment', () => {
  const pending = [issued(), activated('a', 1), on(noon, suspendedLater)];

  test('is recorded now and holds from its instant on, by the clock alone', () => {
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
  test('can be withdrawn until then: the payment has come', () => {
    given(...pending)
      .when(cancel('evt_1', justBefore))
      .thenEvents(event('ScheduledChangeCancelled', { eventId: 'evt_1' }));
    const { facts } = licenseAfter(...followedBy(pending, cancel()));
    expect(effectiveStatus(facts, nextWeek)).toBe('ACTIVE');
    expect(facts.scheduled).toEqual([]);
  });
  test('cannot be withdrawn once it holds, nor what was never announced', () => {
    given(...pending)
      .when(cancel('evt_1', nextWeek))
      .thenRejected('NOT_FOUND');
    given(...pending)
      .when(cancel('evt_2'))
      .thenRejected('NOT_FOUND');
  });
  test('is ended by reinstating, once it holds', () => {
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
  test('still comes after another suspension was ended before', () => {
    const history = followedBy(pending, suspend('FRAUD'), reinstate(tomorrow));
    expect(effectiveStatus(licenseAfter(...history).facts, tomorrow)).toBe('ACTIVE');
    expect(effectiveStatus(licenseAfter(...history).facts, nextWeek)).toBe('SUSPENDED');
  });
  test('is ended by the renewal that pays, and by no other ground’s', () => {
    const paid = renew({ reasonCode: 'PAYMENT' }, nextWeek);
    expect(effectiveStatus(licenseAfter(...followedBy(pending, paid)).facts, nextWeek)).toBe('ACTIVE');
    const fraud = followedBy(pending, suspend('FRAUD'), paid);
    expect(effectiveStatus(licenseAfter(...fraud).facts, nextWeek)).toBe('SUSPENDED');
  });
  test('holds up the payment’s reinstatement while it holds, not before and not after', () => {
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
  test('of two that end together, or never, the first is told', () => {
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
  test('is another ground while it holds: further reasons are added, its own is covered', () => {
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
  test('tells the longest of its grounds, since the first began', () => {
    const held = followedBy(
      [issued(), on(noon, suspendedLater)],
      suspend('FRAUD', '2026-06-10T12:00:00.000Z', tomorrow),
    );
    expect(suspensionAt(licenseAfter(...held).facts, nextWeek)).toEqual({
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
  test('is not gone on with after an earlier one that had ended', () => {
    const ended = on('2026-06-01T12:00:00.000Z', suspendedEvent('ADMIN', tomorrow));
    const history = followedBy([issued(), ended, on(noon, suspendedLater)], suspend('FRAUD', null, nextWeek));
    expect(licenseAfter(...history).facts.suspension).toEqual({ reasonCode: 'FRAUD', since: nextWeek, until: null });
  });
  test('bounds how long an answer may be trusted', () => {
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
