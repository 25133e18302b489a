import { describe, expect, test } from 'vitest';
import { fold, stamp } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { possiblyAbandoned, useOf } from '../../../src/domain/reservation/abandoned.ts';
import type { Reservation } from '../../../src/domain/reservation/reservation.ts';
import type { NeededReservation } from '../../../src/domain/reservation/trial.ts';
import { type Instant, plusSeconds } from '../../../src/domain/time.ts';
import { activatedEvent, deactivatedEvent, issued, noon } from '../license/examples.ts';

const reserved = (owner: string | null): Reservation => ({
  kind: 'made',
  issuerOrgId: 'org_1',
  owner,
  since: noon,
  activationId: null,
});
const seconds = (count: number): Instant => plusSeconds(noon, count);
const hours = (count: number): Instant => seconds(count * 3_600);

describe('a reservation', () => {
  test('may be abandoned 60 seconds after its start', () => {
    expect(possiblyAbandoned(reserved('lic_1'), seconds(59))).toBeNull();
    expect(possiblyAbandoned(reserved('lic_1'), seconds(60))).toEqual({ owner: 'lic_1', since: noon });
  });
  test('is not abandoned before its start and after its release', () => {
    expect(possiblyAbandoned({ kind: 'unmade' }, seconds(60))).toBeNull();
    expect(possiblyAbandoned(reserved(null), seconds(60))).toBeNull();
  });
});

describe('a license', () => {
  const onHolder: NeededReservation = { kind: 'trial_holder', fields: ['org_1', 'local_cli', 'org_2'] };
  const onDevice: NeededReservation = { kind: 'trial_device', fields: ['org_1', 'local_cli', 'hash-laptop'] };
  const license = (...events: readonly (readonly [Instant, LicenseEvent])[]) =>
    fold(licenseDecider, [issued(), ...events.map(([at, event]) => stamp(event, at))]);
  const unissued = licenseDecider.initial();

  test('uses no reservation before it is issued', () => {
    expect(useOf(onHolder, unissued, noon, hours(100))).toBe('unused');
    expect(useOf(onDevice, unissued, noon, hours(100))).toBe('unused');
  });
  test('that was issued uses the trial of its holder for ever', () => {
    expect(useOf(onHolder, license(), noon, hours(100))).toBe('used');
  });
  test('uses the trial of a device that it is activated on', () => {
    expect(useOf(onDevice, license([seconds(1), activatedEvent('laptop', 1)]), noon, hours(100))).toBe('used');
  });
  test('that was never activated on a device does not use its trial', () => {
    expect(useOf(onDevice, license(), noon, seconds(60))).toBe('unused');
    expect(useOf(onDevice, license(), noon, seconds(25 * 3_600 - 1))).toBe('unused');
  });
  test('has used the trial of a device that was released in the last 25 hours', () => {
    const released = license(
      [seconds(1), activatedEvent('laptop', 1)],
      [seconds(2), deactivatedEvent('laptop', 'USER', 0)],
    );
    expect(useOf(onDevice, released, noon, hours(25))).toBe('used');
  });
  test('no longer knows after 25 hours whether it had a device', () => {
    expect(useOf(onDevice, license(), noon, hours(25))).toBe('forgotten');
  });
});
