import { describe, expect, test } from 'vitest';
import { dueCommands } from '../../../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { command, event, followedBy } from '../commands.ts';
import {
  expire,
  expiredEvent,
  expiresAt,
  given,
  graceEndsAt,
  issued,
  justBeforeExpiry,
  licenseAfter,
  on,
  renew,
  withGrace,
} from '../examples.ts';

const moveTo = (to: string, at: string) => command('ChangeExpiry', { to, reasonCode: 'GOODWILL' }, at);
const later = '2027-02-01T00:00:00.000Z';

describe('after an announced expiry', () => {
  const announced = [issued({ policy: withGrace }), on(expiresAt, expiredEvent(graceEndsAt))];

  test('the expiry cannot be moved, also by a server with a slow clock', () => {
    for (const at of [justBeforeExpiry, expiresAt, graceEndsAt])
      given(...announced)
        .when(moveTo(later, at))
        .thenRejected('TERM_INVALID');
    given(issued()).when(moveTo(later, justBeforeExpiry)).thenEvents(moved(later));
  });
  test('the license can be renewed', () => {
    const renewed = licenseAfter(...followedBy(announced, renew({ basis: 'FROM_NOW' }, later)));
    expect(renewed.facts).toMatchObject({ term: { number: 2 }, announcedTerm: 1, overtakenExpiries: [] });
  });
});

const moved = (to: string, from = expiresAt): LicenseEvent =>
  event('LicenseExpiryChanged', { termNumber: 1, from, to });

describe('a stream with an announced expiry that was moved, as different clocks once allowed', () => {
  const stream = [
    issued({ policy: { ...withGrace, remindBefore: [] } }),
    on(expiresAt, expiredEvent(graceEndsAt)),
    on(graceEndsAt, event('LicenseGraceEnded', { termNumber: 1, graceUntil: graceEndsAt }, graceEndsAt)),
    on(graceEndsAt, moved(later)),
  ];
  const laterGrace = '2027-02-02T00:00:00.000Z';

  test('announces the new expiry, and the end of its grace', () => {
    const { facts } = licenseAfter(...stream);
    expect(facts).toMatchObject({ announcedTerm: 0, graceEndedTerm: 0, overtakenExpiries: [expiresAt] });
    const due = dueCommands(facts, laterGrace);
    expect(due).toEqual([
      { type: 'Expire', data: { termNumber: 1 } },
      { type: 'EndGrace', data: { termNumber: 1 } },
    ]);
    given(...stream)
      .when(expire(later))
      .thenEvents(event('LicenseExpired', { termNumber: 1, expiresAt: later, graceUntil: laterGrace }, later));
    const again = followedBy(stream, expire(later), command('EndGrace', { termNumber: 1 }, laterGrace));
    expect(licenseAfter(...again).facts).toMatchObject({ announcedTerm: 1, graceEndedTerm: 1 });
    expect(dueCommands(licenseAfter(...again).facts, laterGrace)).toEqual([]);
    given(...again)
      .when(expire(laterGrace))
      .thenNothing();
  });
  test('does not announce an expiry twice when it moves back', () => {
    const back = [...stream, on(graceEndsAt, moved(expiresAt, later))];
    expect(licenseAfter(...back).facts).toMatchObject({ announcedTerm: 1, overtakenExpiries: [] });
    given(...back)
      .when(expire(later))
      .thenNothing();
    const andAway = [...back, on(graceEndsAt, moved(laterGrace))];
    expect(licenseAfter(...andAway).facts).toMatchObject({ announcedTerm: 0, overtakenExpiries: [expiresAt] });
  });
  test('can be renewed like any other, from its current expiry', () => {
    const renewed = followedBy(stream, renew({ basis: 'FROM_NOW' }, laterGrace));
    expect(renewed.slice(-3).map(({ event: { type, data } }) => [type, 'expiresAt' in data && data.expiresAt])).toEqual(
      [
        ['LicenseExpired', later],
        ['LicenseGraceEnded', false],
        ['LicenseRenewed', '2028-02-02T00:00:00.000Z'],
      ],
    );
    expect(licenseAfter(...renewed).facts.overtakenExpiries).toEqual([]);
  });
});
