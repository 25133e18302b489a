import { describe, expect, test } from 'vitest';
import { fold, type Stamped, stamp } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import {
  type DeviceReservation,
  deviceReservations,
  deviceUseOf,
  isUsable,
  unreservedUseOf,
} from '../../../src/domain/reservation/device-reservation.ts';
import { type Instant, plusSeconds } from '../../../src/domain/time.ts';
import {
  activatedEvent,
  deactivatedEvent,
  ends,
  expiresAt,
  issued,
  noon,
  pro,
  revokedEvent,
  suspendedEvent,
  twoDevices,
} from '../license/examples.ts';

const seconds = (count: number): Instant => plusSeconds(noon, count);
const place = { scope: 'ISSUER', of: 'org_1' } as const;
const needed: DeviceReservation = { kind: 'device_issuer', fields: ['org_1', 'org_1', 'hash-laptop'], place };
const reservation = {
  kind: 'made',
  issuerOrgId: 'org_1',
  owner: 'lic_1',
  since: noon,
  activationId: 'act_laptop',
} as const;
const license = (policy: Partial<PinnedPolicy>, ...events: readonly Stamped<LicenseEvent>[]) =>
  fold(licenseDecider, [issued({ policy: { ...pro, fingerprintUniqueness: 'ISSUER', ...policy } }), ...events]);
const active = stamp(activatedEvent('laptop', 1), seconds(1));
const released = stamp(deactivatedEvent('laptop', 'USER', 0), seconds(2));

describe('The owner of a device reservation', () => {
  test('uses it while it has the device, also under a hash of an older secret', () => {
    expect(deviceUseOf(needed, reservation, license({}, active), seconds(3))).toBe('used');
    const newer = { ...needed, fields: ['org_1', 'org_1', 'hash under another secret'] };
    expect(deviceUseOf(newer, reservation, license({}, active), seconds(3))).toBe('used');
    const other = { ...reservation, activationId: 'act_earlier' };
    expect(deviceUseOf(needed, other, license({}, active), seconds(3_600))).toBe('used');
  });
  test('keeps it for three minutes before it has the device', () => {
    expect(deviceUseOf(needed, reservation, license({}), seconds(179))).toBe('pending');
    expect(deviceUseOf(needed, reservation, license({}), seconds(180))).toBe('free');
    expect(deviceUseOf(needed, reservation, licenseDecider.initial(), seconds(179))).toBe('pending');
    expect(deviceUseOf(needed, reservation, licenseDecider.initial(), seconds(180))).toBe('free');
  });
  test.each<readonly [string, Stamped<LicenseEvent>[]]>([
    ['the release of the device', [active, released]],
    ['a revocation', [active, stamp(revokedEvent, seconds(2))]],
    [
      'an end that is not announced yet',
      [
        active,
        stamp(
          {
            type: 'LicenseLimitsChanged',
            data: { before: twoDevices, after: twoDevices, strategy: 'EVICT_OLDEST', ...ends('OLDEST', 1) },
          },
          seconds(2),
        ),
      ],
    ],
  ])('loses it at once by %s', (_, events) => {
    expect(deviceUseOf(needed, reservation, license({}, ...events), seconds(3))).toBe('free');
  });
  test('loses it at once by a policy without this scope', () => {
    expect(deviceUseOf(needed, reservation, license({ fingerprintUniqueness: 'POLICY' }, active), noon)).toBe('free');
  });
  test('keeps it when an earlier activation was released and a later attempt is under way', () => {
    const next = { ...reservation, activationId: 'act_next' };
    expect(deviceUseOf(needed, next, license({}, active, released), seconds(3))).toBe('pending');
  });
  test('keeps it while it is suspended, and not after it expired', () => {
    const suspended = license({}, active, stamp(suspendedEvent(), seconds(2)));
    expect(deviceUseOf(needed, reservation, suspended, seconds(3))).toBe('used');
    expect(deviceUseOf(needed, reservation, license({}, active), expiresAt)).toBe('expired');
    const usable = license({ expiryStrategy: 'MAINTAIN' }, active);
    expect(deviceUseOf(needed, reservation, usable, expiresAt)).toBe('used');
  });
  test('relies on it for 30 seconds before the activation, and as long as it has the device', () => {
    expect(isUsable(needed, reservation, license({}), seconds(29))).toBe(true);
    expect(isUsable(needed, reservation, license({}), seconds(30))).toBe(false);
    expect(isUsable(needed, reservation, license({}, active), seconds(3_600))).toBe(true);
    expect(isUsable(needed, reservation, license({}, active, released), seconds(3))).toBe(false);
  });
});

test('A device that was active before it had to be reserved counts like a reserved one', () => {
  const use = (hashes: readonly string[], policy: Partial<PinnedPolicy> = {}, at: Instant = seconds(3)) =>
    unreservedUseOf([place], hashes, license(policy, active), at);
  expect(use(['newer', 'hash-laptop'])).toEqual({ use: 'used', activationId: 'act_laptop' });
  expect(use(['hash-laptop'], {}, expiresAt)).toEqual({ use: 'expired', activationId: 'act_laptop' });
  expect(use(['hash-phone'])).toBeNull();
  expect(use(['hash-laptop'], { fingerprintUniqueness: 'PRODUCT' })).toBeNull();
  expect(unreservedUseOf([place], ['hash-laptop'], licenseDecider.initial(), noon)).toBeNull();
});

test('A device is reserved under each hash in each place, in one order', () => {
  const places = [
    { scope: 'PRODUCT', of: 'a' },
    { scope: 'PRODUCT', of: 'b' },
  ] as const;
  const fields = deviceReservations('org_1', places, ['h2', 'h1']).map(({ kind, fields: [, of, hash] }) => [
    kind,
    of,
    hash,
  ]);
  expect(fields).toEqual([
    ['device_product', 'a', 'h1'],
    ['device_product', 'a', 'h2'],
    ['device_product', 'b', 'h1'],
    ['device_product', 'b', 'h2'],
  ]);
});
