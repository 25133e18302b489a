import { describe, expect, test } from 'vitest';
import type { RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import { command, policyWith, to } from '../commands.ts';
import { activate, twoDevices } from '../examples.ts';
import { activateWith, assign, licenseWith, planOf, seat, send, steps } from './repair-examples.ts';

const activating: RepairStep = { action: 'ACTIVATE' };
/** Returns the step that names the device by its fingerprint instead of an id. */
const byFingerprint = (sent: { readonly fingerprint?: null }): RepairStep => ({
  action: 'SEND',
  send: sent,
  omit: ['activationId'],
});
const tenDevices = { ...twoDevices, activations: 10, users: 2 };

describe('A device that is not active', () => {
  const license = licenseWith({}, activate('a'));

  test.each([
    ['by its fingerprint is activated', { fingerprint: 'hash-b' }, [activating]],
    [
      'by an unknown id sends its fingerprint instead, and is activated',
      { activationId: 'act_x' },
      [byFingerprint({ fingerprint: null }), activating],
    ],
    [
      'by an unknown id and its fingerprint leaves the id out, and is activated',
      { activationId: 'act_x', fingerprint: 'hash-b' },
      [byFingerprint({}), activating],
    ],
    [
      'by an unknown id and the fingerprint of an active device leaves the id out',
      { activationId: 'act_x', fingerprint: 'hash-a' },
      [byFingerprint({})],
    ],
  ])('named %s', (_, scope, expected) => {
    expect(planOf(license, scope)).toEqual(steps(...expected.map((step) => ['NOT_ACTIVATED', step] as const)));
  });

  test('named by the id of another device than its fingerprint leaves the id out', () => {
    const both = licenseWith({}, activate('a'), activate('b'));
    expect(planOf(both, { activationId: 'act_a', fingerprint: 'hash-b' })).toEqual(
      steps(['FINGERPRINT_MISMATCH', byFingerprint({})]),
    );
  });
});

describe('A request without a required device', () => {
  const required = { fingerprintRequired: true };
  const sendDevice = send({ fingerprint: null });

  test('sends its fingerprint and is activated when no device is active', () => {
    expect(planOf(licenseWith({ policy: required }))).toEqual(
      steps(['FINGERPRINT_REQUIRED', sendDevice], ['NOT_ACTIVATED', activating]),
    );
  });

  test('names one of the active devices that are for its user and its environment', () => {
    const license = licenseWith(
      { policy: required, limits: tenDevices },
      assign('ref_ada'),
      assign('ref_bob'),
      activateWith('a', { userRef: 'ref_ada' }),
      activateWith('b', { environment: 'staging' }),
      activateWith('c', { userRef: 'ref_bob' }),
      activateWith('d', { environment: 'production' }),
    );
    expect(planOf(license, { user: 'ref_bob', environment: 'production' })).toEqual(
      steps(['FINGERPRINT_REQUIRED', send({ activationId: ['act_c', 'act_d'] })]),
    );
  });

  test('names only devices without components when the policy compares them', () => {
    const policy = { ...required, componentCheck: 'ALL' } as const;
    const withDisk = activateWith('a', { components: { disk: 'd1' } });
    expect(planOf(licenseWith({ policy }, withDisk, activate('b')))).toEqual(
      steps(['FINGERPRINT_REQUIRED', send({ activationId: ['act_b'] })]),
    );
    expect(planOf(licenseWith({ policy }, withDisk))).toEqual(
      steps(['FINGERPRINT_REQUIRED', sendDevice], ['NOT_ACTIVATED', activating]),
    );
  });

  test('gets a choice of at most 100 devices', () => {
    const devices = Array.from({ length: 101 }, (_, index) => activate(`${index}`));
    const license = licenseWith({ policy: required, limits: { ...tenDevices, activations: 101 } }, ...devices);
    const ids = Array.from({ length: 100 }, (_, index) => `act_${index}`);
    expect(planOf(license)).toEqual(steps(['FINGERPRINT_REQUIRED', send({ activationId: ids })]));
  });
});

describe('The components of a device', () => {
  const license = licenseWith(
    { policy: { componentCheck: 'ALL' } },
    activateWith('a', { components: { disk: 'd1', board: 'b1' } }),
  );

  test('are sent as they were recorded when the request has none or others', () => {
    expect(planOf(license, { fingerprint: 'hash-a' })).toEqual(
      steps(['COMPONENTS_REQUIRED', send({ components: null })]),
    );
    const other = { activationId: 'act_a', components: { disk: 'd2', board: 'b1' } };
    expect(planOf(license, other)).toEqual(steps(['COMPONENTS_MISMATCH', send({ components: null })]));
  });
});

describe('A device that only its components name', () => {
  const policy = { fingerprintMatching: 'ANY', limitStrategy: 'REJECT' } as const;
  const disk = { components: { disk: 'd1' } };
  const scope = { fingerprint: 'hash-new', ...disk };
  const ofBob = { ...disk, userRef: 'ref_bob', environment: 'staging' };

  test('names its environment and its user', () => {
    const required = { ...policy, environmentRequired: true, userRequired: true };
    const license = licenseWith(
      { policy: required, limits: tenDevices },
      assign('ref_ada'),
      assign('ref_bob'),
      activateWith('a', ofBob),
    );
    expect(planOf(license, scope)).toEqual(
      steps(
        ['ENVIRONMENT_SCOPE_REQUIRED', send({ environment: 'staging' })],
        ['USER_SCOPE_REQUIRED', send({ user: 'ref_bob' })],
      ),
    );
  });

  test('is activated again for another user', () => {
    const license = licenseWith({ policy }, assign('ref_ada'), assign('ref_bob'), activateWith('a', ofBob));
    expect(planOf(license, { ...scope, user: 'ref_ada' })).toEqual(steps(['USER_NOT_ASSIGNED', activating]));
  });

  test('is not released to make room', () => {
    const lower = command('ChangeLimits', { limits: { ...twoDevices, activations: 1 }, strategy: 'ALLOW_OVER' });
    const license = licenseWith({ policy, limits: twoDevices }, activateWith('a', disk), activate('b'), lower);
    expect(planOf(license, scope)).toEqual(
      steps([
        'TOO_MANY_ACTIVATIONS',
        { action: 'RELEASE_DEVICES', count: 1, ids: ['act_b'] },
        { action: 'CHANGE_LIMITS', limits: { activations: 2 } },
      ]),
    );
  });
});

describe('A device of another user than the request', () => {
  const ofBob = { userRef: 'ref_bob' };
  const license = licenseWith(
    { limits: tenDevices },
    assign('ref_ada'),
    assign('ref_bob'),
    activateWith('a', ofBob),
    activate('b'),
  );

  test.each([
    ['its fingerprint is activated again', { fingerprint: 'hash-a' }, activating],
    ['its id and its fingerprint is activated again', { activationId: 'act_a', fingerprint: 'hash-a' }, activating],
    [
      'its id and another fingerprint leaves the id out',
      { activationId: 'act_a', fingerprint: 'hash-b' },
      byFingerprint({}),
    ],
  ])('named by %s', (_, scope, step) => {
    const plan = planOf(license, { ...scope, user: 'ref_ada' });
    expect(plan.repairs.map(({ code, step }) => [code, step])).toEqual([['USER_NOT_ASSIGNED', step]]);
    expect(plan.unrepairable).toBeNull();
  });

  test('named by its id alone sends its fingerprint instead, and is activated again', () => {
    expect(planOf(license, { activationId: 'act_a', user: 'ref_ada' })).toEqual(
      steps(['USER_NOT_ASSIGNED', byFingerprint({ fingerprint: null })], ['NOT_ACTIVATED', activating]),
    );
  });

  test('keeps its seat, and a seat of another user is taken when the device has no user', () => {
    const seats = licenseWith({}, assign('ref_ada'), assign('ref_bob'), activate('b'), seat('a', ofBob));
    expect(planOf(seats, { fingerprint: 'hash-b', lease: 'holder-a', user: 'ref_ada' })).toEqual(
      steps(['USER_NOT_ASSIGNED', { action: 'TAKE_SEAT' }]),
    );
  });
});

describe('The environment of a request', () => {
  const production = { environment: 'production' };
  const staged = activateWith('a', { environment: 'staging' });
  const sent = (environment: string | null) => send({ environment });
  const onlyProduction = command('ChangePolicy', { target: to(policyWith({ version: 2, ...production })) });

  test.each([
    ['of its device', {}, { fingerprint: 'hash-a' }, 'staging'],
    ['that the application knows, for a device of any environment', {}, { fingerprint: 'hash-b' }, null],
    ['that the application knows, without a device', {}, {}, null],
    ['of the policy', production, {}, 'production'],
    ['of the policy, also for a device of any environment', production, { fingerprint: 'hash-b' }, 'production'],
  ])('is the one %s', (_, policy, scope, environment) => {
    const changed = to(policyWith({ version: 2, environmentRequired: true, ...policy }));
    const license = licenseWith({}, staged, activate('b'), command('ChangePolicy', { target: changed }));
    expect(planOf(license, scope)).toEqual(steps(['ENVIRONMENT_SCOPE_REQUIRED', sent(environment)]));
  });

  test('is that of the policy, which is listed once when the device has it too', () => {
    const license = licenseWith({ policy: production }, activateWith('a', production));
    const plan = steps(['ENVIRONMENT_MISMATCH', sent('production')]);
    expect(planOf(license, { environment: 'staging' })).toEqual(plan);
    expect(planOf(license, { environment: 'staging', fingerprint: 'hash-a' })).toEqual(plan);
    expect(planOf(license, { environment: 'staging', entitlements: ['sso'] })).toEqual(
      steps(
        ['ENVIRONMENT_MISMATCH', sent('production')],
        ['ENTITLEMENT_MISSING', { action: 'GRANT_ENTITLEMENT', entitlement: 'sso' }],
      ),
    );
  });

  test('is that of the device, or the device is activated again', () => {
    const license = licenseWith({}, staged);
    expect(planOf(license, { ...production, fingerprint: 'hash-a' })).toEqual(
      steps(['ENVIRONMENT_MISMATCH', activating, sent('staging')]),
    );
    expect(planOf(license, { ...production, activationId: 'act_a' })).toEqual(
      steps(['ENVIRONMENT_MISMATCH', sent('staging')]),
    );
  });

  test('is that of a changed policy, and the device is activated again', () => {
    const license = licenseWith({}, staged, onlyProduction);
    expect(planOf(license, { environment: 'staging', fingerprint: 'hash-a' })).toEqual(
      steps(['ENVIRONMENT_MISMATCH', sent('production')], ['ENVIRONMENT_MISMATCH', activating]),
    );
    expect(planOf(license, { environment: 'staging', activationId: 'act_a' })).toEqual(
      steps(
        ['ENVIRONMENT_MISMATCH', sent('production')],
        ['ENVIRONMENT_MISMATCH', byFingerprint({ fingerprint: null })],
        ['NOT_ACTIVATED', activating],
      ),
    );
  });
});
