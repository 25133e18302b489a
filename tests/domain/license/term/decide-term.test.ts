import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith, typesOf } from '../commands.ts';
import {
  expire,
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
  renewedEvent,
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
  test('may end the term now, not in the past: that would be a correction', () => {
    given(issued()).when(changeTo(noon)).thenEvents(changed(noon));
    given(issued()).when(changeTo('2026-06-01T11:59:59.999Z')).thenRejected('TERM_INVALID');
  });
  test('to what it is changes nothing', () => given(issued()).when(changeTo(expiresAt)).thenNothing());
  test('gives a perpetual license an end', () => {
    given(issued({ term: perpetual }))
      .when(changeTo(tomorrow))
      .thenEvents(changed(tomorrow, null));
  });
  test('is refused once the term is over, announced or not: renew instead', () => {
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
  test('is what the next renewal counts from', () => {
    const history = followedBy([issued()], changeTo('2026-07-28T00:00:00.000Z'), renew({ duration: 'P1M' }));
    expect(licenseAfter(...history).facts.term.expiresAt).toBe('2026-08-28T00:00:00.000Z');
  });
});

describe('the end of the grace', () => {
  const endGrace = (at: string, termNumber = 1) => command('EndGrace', { termNumber }, at);
  const ended = event('LicenseGraceEnded', { termNumber: 1, graceUntil: graceEndsAt }, graceEndsAt);
  const graced = issued({ policy: withGrace });

  test('is announced at the instant it was, once, however late', () => {
    const history = [graced, on(expiresAt, expiredEvent(graceEndsAt))];
    given(...history)
      .when(endGrace('2027-05-05T00:00:00.000Z'))
      .thenEvents(ended);
    given(...history, on(graceEndsAt, ended))
      .when(endGrace(graceEndsAt))
      .thenNothing();
    expect(licenseAfter(...history, on(graceEndsAt, ended)).facts.graceEndedTerm).toBe(1);
  });
  test('announces the expiry first where that was not', () => {
    given(graced).when(endGrace(graceEndsAt)).thenEvents(expiredEvent(graceEndsAt), ended);
  });
  test('is not announced before it is over, without a grace, or for another term', () => {
    given(graced).when(endGrace('2027-01-01T23:59:59.999Z')).thenNothing();
    given(issued()).when(endGrace(graceEndsAt)).thenNothing();
    given(graced).when(endGrace(graceEndsAt, 2)).thenNothing();
  });
});

describe('a reminder that the expiry comes near', () => {
  const remind = (offset: string, at: string, termNumber = 1) => command('Remind', { termNumber, offset }, at);
  const soon = (offset: string) => event('LicenseExpiringSoon', { termNumber: 1, expiresAt, offset });

  test('is sent once per term, expiry and offset of the policy, from its instant on', () => {
    given(issued()).when(remind('P30D', '2026-12-01T23:59:59.999Z')).thenNothing();
    given(issued()).when(remind('P30D', '2026-12-02T00:00:00.000Z')).thenEvents(soon('P30D'));
    const sent = [issued(), on('2026-12-02T00:00:00.000Z', soon('P30D'))];
    given(...sent)
      .when(remind('P30D', '2026-12-03T00:00:00.000Z'))
      .thenNothing();
    given(...sent)
      .when(remind('P7D', '2026-12-25T00:00:00.000Z'))
      .thenEvents(soon('P7D'));
  });
  test('is not sent for an offset the policy has not, another term, or after the expiry', () => {
    given(issued()).when(remind('P2D', justBeforeExpiry)).thenNothing();
    given(issued())
      .when(remind('P1D', justBeforeExpiry, 2))
      .thenNothing();
    given(issued()).when(remind('P1D', expiresAt)).thenNothing();
    given(issued({ term: perpetual }))
      .when(remind('P1D', justBeforeExpiry))
      .thenNothing();
  });
  test('is sent again after a renewal or a changed expiry', () => {
    const sent = [issued(), on('2026-12-02T00:00:00.000Z', soon('P30D'))];
    const renewed = followedBy(sent, renew({ duration: 'P1Y' }, '2026-12-05T00:00:00.000Z'));
    expect(typesOf(followedBy(renewed, remind('P30D', '2027-12-02T00:00:00.000Z', 2)))).toHaveLength(
      renewed.length + 1,
    );
    const moved = followedBy(
      sent,
      command('ChangeExpiry', { to: '2027-06-01T00:00:00.000Z', reasonCode: 'GOODWILL' }, '2026-12-05T00:00:00.000Z'),
    );
    expect(typesOf(followedBy(moved, remind('P30D', '2027-05-02T00:00:00.000Z')))).toHaveLength(moved.length + 1);
  });
  test('is skipped where the offset is as long as the term, and sent where it comes as the expiry is set', () => {
    const year = issued({ policy: policyWith({ remindBefore: ['P1Y', 'P7D'] }) });
    given(year).when(remind('P1Y', noon)).thenNothing();
    const moved = followedBy(
      [year],
      command('ChangeExpiry', { to: '2026-06-08T12:00:00.000Z', reasonCode: 'GOODWILL' }),
    );
    expect(typesOf(followedBy(moved, remind('P7D', noon)))).toHaveLength(moved.length + 1);
  });
  test('is skipped where the offset is longer than the term, or was past when the expiry was set', () => {
    const short = issued({
      term: {
        basis: 'ISSUE',
        duration: 'P20D',
        startsAt: '2026-01-01T00:00:00.000Z',
        expiresAt: '2026-01-21T00:00:00.000Z',
        timeZone: 'UTC',
      },
    });
    given(short).when(remind('P30D', '2026-01-20T00:00:00.000Z')).thenNothing();
    const moved = followedBy(
      [issued()],
      command('ChangeExpiry', { to: '2026-06-04T00:00:00.000Z', reasonCode: 'GOODWILL' }),
    );
    given(...moved)
      .when(remind('P7D', '2026-06-03T12:00:00.000Z'))
      .thenNothing();
    expect(typesOf(followedBy(moved, remind('P1D', '2026-06-03T12:00:00.000Z')))).toHaveLength(moved.length + 1);
  });
});

describe('expiry strategies', () => {
  test.each(['RESTRICT', 'MAINTAIN', 'ALLOW'] as const)('%s is announced all the same', (expiryStrategy) => {
    given(issued({ policy: policyWith({ expiryStrategy }) }))
      .when(expire())
      .thenEvents(expiredEvent());
  });
  test('a renewed term is announced by its own number', () => {
    given(issued(), on(noon, renewedEvent()))
      .when(expire('2028-01-01T00:00:00.000Z', 2))
      .thenEvents(
        event(
          'LicenseExpired',
          { termNumber: 2, expiresAt: '2028-01-01T00:00:00.000Z', graceUntil: null },
          '2028-01-01T00:00:00.000Z',
        ),
      );
  });
});
