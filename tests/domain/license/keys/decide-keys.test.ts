import { describe, expect, test } from 'vitest';
import { command, event, followedBy } from '../commands.ts';
import {
  expiredEvent,
  expiresAt,
  given,
  issued,
  issuedAt,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  tomorrow,
} from '../examples.ts';

const withKey = [issued(), on(issuedAt, keyIssuedEvent)];
const rotate = (overlapSeconds: number, at = noon) =>
  command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds, cause: 'ROUTINE' }, at);
const rotated = (overlapUntil: string) =>
  event('LicenseKeyRotated', {
    fromVersion: 1,
    toVersion: 2,
    keyHash: 'cd34',
    secretId: 's2',
    hint: 'ZV3MP',
    overlapUntil,
    cause: 'ROUTINE',
  });

describe('rotating the key', () => {
  test('issues another key; the current one works until the overlap ends', () => {
    given(...withKey)
      .when(rotate(86_400))
      .thenEvents(rotated(tomorrow));
    expect(licenseAfter(...followedBy(withKey, rotate(86_400))).facts).toMatchObject({
      keyVersion: 2,
      keyHint: 'ZV3MP',
      keyOverlaps: [{ keyVersion: 1, until: tomorrow }],
    });
  });
  test('retires the current key at once without an overlap', () => {
    given(...withKey)
      .when(rotate(0))
      .thenEvents(rotated(noon), event('LicenseKeyRetired', { keyVersion: 1 }));
    expect(licenseAfter(...followedBy(withKey, rotate(0))).facts.keyOverlaps).toEqual([]);
  });
  test('needs an overlap of whole seconds', () => {
    given(...withKey)
      .when(rotate(-1))
      .thenRejected('LIMIT_INVALID');
    given(...withKey)
      .when(rotate(0.5))
      .thenRejected('LIMIT_INVALID');
  });
  test('is possible while suspended and after expiry', () => {
    given(...withKey)
      .when(rotate(0, expiresAt))
      .thenEvents(expiredEvent(), rotated(expiresAt), event('LicenseKeyRetired', { keyVersion: 1 }));
  });
  test('announces the end of the overlap once, with its instant', () => {
    const retire = (at: string, keyVersion = 1) => command('RetireKey', { keyVersion }, at);
    const overlapping = followedBy(withKey, rotate(86_400));
    given(...overlapping)
      .when(retire('2026-06-02T11:59:59.999Z'))
      .thenNothing();
    given(...overlapping)
      .when(retire(expiresAt))
      .thenEvents(event('LicenseKeyRetired', { keyVersion: 1 }, tomorrow));
    given(...overlapping)
      .when(retire(expiresAt, 2))
      .thenNothing();
    given(...followedBy(overlapping, retire(tomorrow)))
      .when(retire(tomorrow))
      .thenNothing();
  });
});
