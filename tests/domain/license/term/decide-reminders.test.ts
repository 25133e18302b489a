import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith, typesOf } from '../commands.ts';
import { expiresAt, given, issued, justBeforeExpiry, noon, on, perpetual, renew } from '../examples.ts';

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
  test('is not sent for an unknown offset, for another term, or after the expiry', () => {
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
  test('is skipped when the offset is as long as the term, and sent when it is due as the expiry is set', () => {
    const year = issued({ policy: policyWith({ remindBefore: ['P1Y', 'P7D'] }) });
    given(year).when(remind('P1Y', noon)).thenNothing();
    const moved = followedBy(
      [year],
      command('ChangeExpiry', { to: '2026-06-08T12:00:00.000Z', reasonCode: 'GOODWILL' }),
    );
    expect(typesOf(followedBy(moved, remind('P7D', noon)))).toHaveLength(moved.length + 1);
  });
  test('is skipped when the offset is longer than the term, or had passed when the expiry was set', () => {
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
