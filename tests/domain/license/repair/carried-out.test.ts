import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../../../src/domain/license/repair/candidate.ts';
import { raise, withinLimit } from '../../../../src/domain/license/repair/find-room.ts';
import { activateDevice, takeSeat } from '../../../../src/domain/license/repair/repair-device.ts';
import { addProduct, assignUser, checkIn, grant, wait } from '../../../../src/domain/license/repair/repair-license.ts';
import { isSituation, type Situation } from '../../../../src/domain/license/repair/situation.ts';
import { command } from '../commands.ts';
import { activate, noon, suspend, tomorrow, twoDevices } from '../examples.ts';
import { assign, licenseWith, situationOf } from './repair-examples.ts';

/** Returns the situation after a step. A refused step fails the test. */
const situationAfter = (candidate: Candidate | undefined, situation: Situation): Situation => {
  const outcome = candidate?.apply(situation) ?? null;
  if (!isSituation(outcome)) throw new Error(`The step was refused: ${JSON.stringify(outcome)}`);
  return outcome;
};

describe('A step that is carried out on a copy', () => {
  test('changes the copy and not the license', () => {
    const situation = situationOf(licenseWith({}), { user: 'ref_ada' });
    expect([...situationAfter(assignUser, situation).license.users]).toEqual([['ref_ada', noon]]);
    expect([...situation.license.users]).toEqual([]);
  });

  test('changes nothing when it is done already or has nothing to act on', () => {
    const license = licenseWith({}, assign('ref_ada'));
    expect(assignUser.apply(situationOf(license, { user: 'ref_ada' }))).toBeNull();
    expect(assignUser.apply(situationOf(license))).toBeNull();
    expect(activateDevice.apply(situationOf(license))).toBeNull();
    expect(takeSeat.apply(situationOf(license))).toBeNull();
    expect(checkIn.apply(situationOf(license))).toBeNull();
  });

  test('activates the device of the request with its components, user and environment', () => {
    const components = { disk: 'd1' };
    const scope = { fingerprint: 'hash-a', product: 'cloud_ide', components, user: 'ref_ada', environment: 'staging' };
    const { license } = situationAfter(activateDevice, situationOf(licenseWith({}, assign('ref_ada')), scope));
    expect([...license.activations.values()]).toEqual([
      {
        activationId: 'act_repair',
        fingerprintHash: 'hash-a',
        product: 'cloud_ide',
        nameRef: null,
        platform: null,
        appVersion: null,
        activatedAt: noon,
        components,
        userRef: 'ref_ada',
        environment: 'staging',
      },
    ]);
  });

  test('activates a device of a policy that reserves devices', () => {
    const situation = situationOf(licenseWith({ policy: { fingerprintUniqueness: 'ISSUER' } }), {
      fingerprint: 'hash-a',
    });
    expect([...situationAfter(activateDevice, situation).license.byFingerprint]).toEqual([['hash-a', 'act_repair']]);
  });

  test('takes a seat for the holder and the user of the request', () => {
    const policy = { environment: 'staging', environmentRequired: true };
    const scope = { lease: 'holder-a', product: 'cloud_ide', user: 'ref_ada', environment: 'staging' };
    const { license } = situationAfter(takeSeat, situationOf(licenseWith({ policy }, assign('ref_ada')), scope));
    expect([...license.leases.values()]).toEqual([
      {
        leaseId: 'lea_repair',
        holderHash: 'holder-a',
        product: 'cloud_ide',
        userRef: 'ref_ada',
        ttlSeconds: 360,
        expiresAt: '2026-06-01T12:06:00.000Z',
        borrow: false,
      },
    ]);
    expect(takeSeat.apply(situationOf(license, { ...scope, environment: 'production' }))).toMatchObject({
      rejected: 'ENVIRONMENT_MISMATCH',
    });
  });

  test('grants an entitlement without a value, a limit and an end', () => {
    expect(situationAfter(grant('sso'), situationOf(licenseWith({}))).license.facts.entitlements).toEqual([
      { code: 'sso', value: null, limit: null, until: null, source: 'grant' },
    ]);
  });

  test('adds a product to those of the license', () => {
    const situation = situationOf(licenseWith({}), { product: 'workflow_app' }, { isProductSold: true });
    const [addition] = addProduct(situation);
    expect(situationAfter(addition, situation).license.facts.products).toEqual([
      'local_cli',
      'cloud_ide',
      'workflow_app',
    ]);
    expect(addProduct(situationOf(licenseWith({}), {}, { isProductSold: true }))).toEqual([]);
  });

  test('releases as many parts as it counts, the oldest first', () => {
    const lowered = command('ChangeLimits', { limits: { ...twoDevices, activations: 1 }, strategy: 'ALLOW_OVER' });
    const limits = { ...twoDevices, activations: 4 };
    const devices = ['a', 'b', 'c'].map((device) => activate(device));
    const situation = situationOf(licenseWith({ limits }, ...devices, lowered));
    const [release] = withinLimit(situation, 'activations');
    expect([...situationAfter(release, situation).license.activations.keys()]).toEqual(['act_c']);
  });

  test('raises a limit and leaves the others', () => {
    const limits = { activations: 2, seats: 2, users: 2, meters: { builds: 3 } };
    const higher = raise({ seats: 3, meters: { exports: 7 } });
    expect(situationAfter(higher, situationOf(licenseWith({ limits }))).license.facts.limits).toEqual({
      ...limits,
      seats: 3,
      meters: { builds: 3, exports: 7 },
    });
  });

  test('waits with what falls due until then', () => {
    const suspended = suspend('ADMIN', tomorrow);
    const situation = situationOf(licenseWith({}, suspended));
    const waited = situationAfter(wait(tomorrow), situation);
    expect([situation.license.facts.suspension?.until, waited.license.facts.suspension, waited.at]).toEqual([
      tomorrow,
      null,
      tomorrow,
    ]);
    expect(situationAfter(wait(noon), waited).at).toBe(tomorrow);
  });
});
