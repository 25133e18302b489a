import { describe, expect, test } from 'vitest';
import { command, followedBy, typesOf } from '../commands.ts';
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
  renewedEvent,
  revokedEvent,
  suspendedEvent,
  withGrace,
} from '../examples.ts';

const yearsLater = '2031-05-05T00:00:00.000Z';

describe('announcing an expiry', () => {
  test('is possible from the expiry on, to the millisecond', () => {
    given(issued()).when(expire(justBeforeExpiry)).thenNothing();
    given(issued()).when(expire(expiresAt)).thenEvents(expiredEvent());
  });
  test('takes effect at the expiry, however late it is', () => {
    given(issued()).when(expire(yearsLater)).thenEvents(expiredEvent());
  });
  test('names the end of the grace', () => {
    given(issued({ policy: withGrace }))
      .when(expire())
      .thenEvents(expiredEvent(graceEndsAt));
  });
  test('counts the grace from the expiry, however late the announcement is', () => {
    given(issued({ policy: withGrace }))
      .when(expire(yearsLater))
      .thenEvents(expiredEvent(graceEndsAt));
  });
  test('comes before a transfer that starts the term anew, so that no expiry is missing', () => {
    const transfer = { toHolderOrgId: 'org_3', accepted: true, expiry: 'RESET', activations: 'KEEP' } as const;
    const begun = followedBy([issued()], command('Transfer', transfer, yearsLater));
    expect(typesOf(begun)).toEqual(['LicenseIssued', 'LicenseExpired', 'LicenseTransferred', 'LicenseTermStarted']);
    const announced = followedBy([issued(), on(expiresAt, expiredEvent())], command('Transfer', transfer, yearsLater));
    expect(typesOf(announced).filter((type) => type === 'LicenseExpired')).toHaveLength(1);
  });
  test('happens once per term', () => {
    given(issued(), on(yearsLater, expiredEvent())).when(expire(yearsLater)).thenNothing();
    expect(licenseAfter(issued(), on(yearsLater, expiredEvent())).facts.announcedTerm).toBe(1);
  });
  test('changes nothing for a renewed term', () => {
    given(issued(), on(noon, renewedEvent())).when(expire(expiresAt)).thenNothing();
    given(issued(), on(noon, renewedEvent())).when(expire(yearsLater)).thenNothing();
  });
  test('is an event of its own for the next term', () => {
    const secondExpiry = '2028-01-01T00:00:00.000Z';
    given(issued(), on(expiresAt, expiredEvent()), on(expiresAt, renewedEvent()))
      .when(expire(secondExpiry, 2))
      .thenEvents({
        type: 'LicenseExpired',
        data: { termNumber: 2, expiresAt: secondExpiry, graceUntil: null },
        effectiveAt: secondExpiry,
      });
  });
  test('changes nothing for a future term', () => {
    given(issued()).when(expire(yearsLater, 2)).thenNothing();
  });
  test('happens while suspended too', () => {
    given(issued(), on(noon, suspendedEvent())).when(expire()).thenEvents(expiredEvent());
  });
  test('changes nothing on a perpetual license', () => {
    given(issued({ term: perpetual }))
      .when(expire())
      .thenNothing();
  });
  test('changes nothing on a revoked license', () => {
    given(issued(), on(noon, revokedEvent)).when(expire()).thenNothing();
  });
});
