import { describe, expect, test } from 'vitest';
import { command, event, followedBy } from '../commands.ts';
import {
  expiredEvent,
  expiresAt,
  given,
  graceEndsAt,
  issued,
  justBeforeExpiry,
  licenseAfter,
  noon,
  on,
  perpetual,
  renew,
  tomorrow,
  withGrace,
} from '../examples.ts';

describe('changing the expiry', () => {
  const changeTo = (to: string, at = noon, reasonCode = 'GOODWILL') => command('ChangeExpiry', { to, reasonCode }, at);
  const changed = (to: string, from: string | null = expiresAt) =>
    event('LicenseExpiryChanged', { termNumber: 1, from, to });

  test('moves the end of the running term, later or earlier', () => {
    given(issued()).when(changeTo('2027-06-01T00:00:00.000Z')).thenEvents(changed('2027-06-01T00:00:00.000Z'));
    given(issued()).when(changeTo(tomorrow)).thenEvents(changed(tomorrow));
    expect(licenseAfter(...followedBy([issued()], changeTo(tomorrow))).facts.term).toMatchObject({
      number: 1,
      expiresAt: tomorrow,
    });
  });
  test('moves the day from which later renewals count their months', () => {
    const month = renew({ duration: 'P1M' });
    const { facts } = licenseAfter(...followedBy([issued()], changeTo('2027-01-31T00:00:00.000Z'), month, month));
    expect(facts.term.expiresAt).toBe('2027-03-31T00:00:00.000Z');
  });
  test('can end the term now, but not in the past', () => {
    given(issued()).when(changeTo(noon)).thenEvents(changed(noon));
    given(issued()).when(changeTo('2026-06-01T11:59:59.999Z')).thenRejected('TERM_INVALID');
  });
  test('changes nothing when nothing differs', () => given(issued()).when(changeTo(expiresAt)).thenNothing());
  test('to the end that it has keeps the renewal mode, now and later', () => {
    const automatic = command('SetRenewal', { to: 'auto' });
    const cancelled = command('SetRenewal', { to: 'cancelAtPeriodEnd', scheduled: { effectiveAt: tomorrow } });
    given(...followedBy([issued()], automatic, cancelled))
      .when(changeTo(expiresAt))
      .thenNothing();
  });
  test('gives a perpetual license an end', () => {
    given(issued({ term: perpetual }))
      .when(changeTo(tomorrow))
      .thenEvents(changed(tomorrow, null));
  });
  test('is refused after the expiry, announced or not', () => {
    given(issued()).when(changeTo('2028-01-01T00:00:00.000Z', expiresAt)).thenRejected('TERM_INVALID');
    given(issued(), on(expiresAt, expiredEvent()))
      .when(changeTo('2028-01-01T00:00:00.000Z', expiresAt))
      .thenRejected('TERM_INVALID');
    given(issued())
      .when(changeTo('2028-01-01T00:00:00.000Z', justBeforeExpiry))
      .thenEvents(changed('2028-01-01T00:00:00.000Z'));
  });
  test('needs a reason, an instant, and an end after the start', () => {
    given(issued())
      .when(changeTo(tomorrow, noon, ''))
      .thenRejected('INVALID_REQUEST');
    given(issued()).when(changeTo('tomorrow')).thenRejected('TERM_INVALID');
    given(issued({ term: { ...perpetual, startsAt: tomorrow } }))
      .when(changeTo(tomorrow))
      .thenRejected('TERM_INVALID');
  });
  test('is the start of the next renewal', () => {
    const history = followedBy([issued()], changeTo('2026-07-28T00:00:00.000Z'), renew({ duration: 'P1M' }));
    expect(licenseAfter(...history).facts.term.expiresAt).toBe('2026-08-28T00:00:00.000Z');
  });
});

describe('the end of the grace', () => {
  const endGrace = (at: string, termNumber = 1) => command('EndGrace', { termNumber }, at);
  const ended = event('LicenseGraceEnded', { termNumber: 1, graceUntil: graceEndsAt }, graceEndsAt);
  const graced = issued({ policy: withGrace });

  test('is announced once, with its instant, however late', () => {
    const history = [graced, on(expiresAt, expiredEvent(graceEndsAt))];
    given(...history)
      .when(endGrace('2027-05-05T00:00:00.000Z'))
      .thenEvents(ended);
    given(...history, on(graceEndsAt, ended))
      .when(endGrace(graceEndsAt))
      .thenNothing();
    expect(licenseAfter(...history, on(graceEndsAt, ended)).facts.graceEndedTerm).toBe(1);
  });
  test('first announces an expiry that was not announced', () => {
    given(graced).when(endGrace(graceEndsAt)).thenEvents(expiredEvent(graceEndsAt), ended);
  });
  test('is not announced before its instant, without a grace, or for another term', () => {
    given(graced).when(endGrace('2027-01-01T23:59:59.999Z')).thenNothing();
    given(issued()).when(endGrace(graceEndsAt)).thenNothing();
    given(graced).when(endGrace(graceEndsAt, 2)).thenNothing();
  });
});
