import { describe, expect, test } from 'vitest';
import type { IssuedTerm } from '../../../../src/domain/license/issue/issue-events.ts';
import type { RepairPlan, RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import type { Situation } from '../../../../src/domain/license/repair/situation.ts';
import { command, policyWith, to } from '../commands.ts';
import { noon, oneYear, renew as renewBy, revoke, suspend, tomorrow } from '../examples.ts';
import { licenseWith, noStepFor, planOf, seat, send, steps } from './repair-examples.ts';

const renew = (duration: string | null): RepairStep => ({ action: 'RENEW', duration });
const nothingToDo: RepairPlan = { repairs: [], unrepairable: null };

describe('The state of a license', () => {
  test('A valid license needs no repair', () => {
    expect(planOf(licenseWith({}))).toEqual(nothingToDo);
  });

  test('No step repairs a revoked license or one of a closed issuer', () => {
    expect(planOf(licenseWith({}, revoke()))).toEqual(noStepFor('REVOKED'));
    expect(planOf(licenseWith({}, suspend()), {}, { tenantSuspended: true })).toEqual(noStepFor('TENANT_SUSPENDED'));
  });

  test('A suspended license is reinstated', () => {
    expect(planOf(licenseWith({}, suspend()))).toEqual(steps(['SUSPENDED', { action: 'REINSTATE' }]));
  });

  test('A client with a rotated key sends the current key, and what else is wrong is repaired too', () => {
    const key = { keyHash: 'cd34', secretId: 's1', hint: 'ABCDE' };
    const rotate = command('RotateKey', { ...key, overlapSeconds: 0, cause: 'ROUTINE' });
    expect(planOf(licenseWith({}, rotate, suspend()), { keyVersion: 0 })).toEqual(
      steps(['KEY_ROTATED', send({ licenseKey: null })], ['SUSPENDED', { action: 'REINSTATE' }]),
    );
  });

  test('A license that is overdue for a check-in is validated', () => {
    const license = licenseWith({ policy: { checkInSeconds: 3_600 } });
    const overdue = steps(['CHECK_IN_OVERDUE', { action: 'VALIDATE' }]);
    expect(planOf(license, {}, { lastCheckInAt: null })).toEqual(overdue);
    expect(planOf(license, {}, { lastCheckInAt: '2026-06-01T11:00:00.000Z' })).toEqual(overdue);
    expect(planOf(license, {}, { lastCheckInAt: '2026-06-01T11:00:00.001Z' })).toEqual(nothingToDo);
  });

  test('The validation that checks a license in comes after the repair of what would make it invalid', () => {
    const license = licenseWith({ policy: { checkInSeconds: 3_600 } });
    expect(planOf(license, { fingerprint: 'hash-a', entitlements: ['sso'] })).toEqual(
      steps(
        ['ENTITLEMENT_MISSING', { action: 'GRANT_ENTITLEMENT', entitlement: 'sso' }],
        ['NOT_ACTIVATED', { action: 'ACTIVATE' }],
        ['CHECK_IN_OVERDUE', { action: 'VALIDATE' }],
      ),
    );
  });
});

describe('The term of a license', () => {
  const awaiting = (basis: IssuedTerm['basis']) =>
    licenseWith({ term: { basis, duration: 'P1Y', startsAt: null, expiresAt: null, timeZone: 'UTC' } });
  const afterEnd = (license: Situation['license'], at = '2027-06-01T12:00:00.000Z') => planOf(license, {}, { at });

  test('A client of a license that starts later waits for the start, and activates its device then', () => {
    const license = licenseWith({ term: { ...oneYear, startsAt: tomorrow, expiresAt: '2027-06-02T12:00:00.000Z' } });
    expect(planOf(license, { fingerprint: 'hash-a' })).toEqual(
      steps(['NOT_YET_VALID', { action: 'WAIT', until: tomorrow }], ['NOT_ACTIVATED', { action: 'ACTIVATE' }]),
    );
  });

  test('A validation starts a term that waits for it, before a device and a seat', () => {
    const scope = { fingerprint: 'hash-a', lease: 'holder-a', product: 'other' };
    expect(planOf(awaiting('FIRST_VALIDATION'), scope)).toEqual(
      steps(
        ['PRODUCT_NOT_LICENSED', send({ product: ['local_cli', 'cloud_ide'] })],
        ['NOT_YET_VALID', { action: 'VALIDATE' }],
        ['NOT_ACTIVATED', { action: 'ACTIVATE' }],
        ['NO_LEASE', { action: 'TAKE_SEAT' }],
      ),
    );
  });

  test('An activation starts a term that waits for it', () => {
    expect(planOf(awaiting('FIRST_ACTIVATION'))).toEqual(
      steps(['NOT_ACTIVATED', send({ fingerprint: null })], ['NOT_ACTIVATED', { action: 'ACTIVATE' }]),
    );
  });

  test('An expired license is renewed as its policy says, or for the duration of its last term from now on', () => {
    const month = licenseWith({ term: { ...oneYear, duration: 'P1M' } });
    expect(afterEnd(month)).toEqual(steps(['EXPIRED', renew(null), renew('P1M')]));
    const renewed = licenseWith({}, renewBy({ duration: 'P6M' }));
    expect(afterEnd(renewed, '2027-08-01T12:00:00.000Z')).toEqual(steps(['EXPIRED', renew(null), renew('P6M')]));
  });

  test('An expired license without a duration is renewed for the first duration, else for a year', () => {
    const target = to(policyWith({ policyId: 'pol_2' }));
    const moved = licenseWith({ term: { ...oneYear, duration: 'P1M' } }, command('ChangePolicy', { target }));
    expect(afterEnd(moved)).toEqual(steps(['EXPIRED', renew('P1M')]));
    const fixed = licenseWith({ term: { ...oneYear, basis: 'FIXED', duration: null } });
    expect(afterEnd(fixed)).toEqual(steps(['EXPIRED', renew('P1Y')]));
  });

  test('A renewal by the policy that would end in the past is replaced by one from now on', () => {
    const license = licenseWith({ policy: { renewalBasis: 'FROM_EXPIRY' } });
    expect(afterEnd(license, '2028-06-01T12:00:00.000Z')).toEqual(steps(['EXPIRED', renew('P1Y')]));
  });

  test('No step repairs a license that may no longer be renewed', () => {
    expect(afterEnd(licenseWith({ policy: { renewUntilSeconds: 60 } }))).toEqual(noStepFor('EXPIRED'));
  });

  test('A license in its grace period, or with other remarks, needs no repair', () => {
    const license = licenseWith({ policy: { expiryGraceSeconds: 86_400 } });
    expect(afterEnd(license, '2027-01-01T12:00:00.000Z')).toEqual(nothingToDo);
    const lowered = command('ChangeLimits', { limits: { activations: 0, seats: 0, users: 0, meters: {} } });
    expect(planOf(licenseWith({}, seat('a'), lowered), {}, { at: noon })).toEqual(nothingToDo);
  });
});
