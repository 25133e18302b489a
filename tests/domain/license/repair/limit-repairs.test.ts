import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../../../src/domain/license/commands.ts';
import type { PinnedPolicy } from '../../../../src/domain/license/policy.ts';
import type { RaisedLimits, RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import { command } from '../commands.ts';
import { activate, noon, pro } from '../examples.ts';
import { activateWith, assign, licenseWith, planOf, seat, steps } from './repair-examples.ts';

const allow = (limits: RaisedLimits): RepairStep => ({ action: 'CHANGE_LIMITS', limits });
const releaseDevices = (count: number, ...ids: readonly string[]): RepairStep => ({
  action: 'RELEASE_DEVICES',
  count,
  ids,
});
const releaseSeats = (count: number, ...ids: readonly string[]): RepairStep => ({
  action: 'RELEASE_SEATS',
  count,
  ids,
});
const unassign = (count: number, ...ids: readonly string[]): RepairStep => ({ action: 'UNASSIGN_USERS', count, ids });
const activating: RepairStep = { action: 'ACTIVATE' };
const limitsOf = (limit: number) => ({ activations: limit, seats: limit, users: limit, meters: { builds: 5 } });
const borrowing = { lease: { ...pro.lease, borrowMaxSeconds: 86_400 } };
const borrowed = { borrowSeconds: 3_600 };

describe('A full license', () => {
  const full = (policy: Partial<PinnedPolicy>, ...commands: readonly LicenseCommand[]) =>
    licenseWith({ policy, limits: limitsOf(2) }, ...commands);

  test('releases a device, the oldest first, or gets a higher limit', () => {
    expect(planOf(full({}, activate('a'), activate('b')), { fingerprint: 'hash-c' })).toEqual(
      steps(
        ['NOT_ACTIVATED', releaseDevices(1, 'act_a', 'act_b'), allow({ activations: 3 })],
        ['NOT_ACTIVATED', activating],
      ),
    );
  });

  test('releases devices also where the policy lets no client do so', () => {
    const policy = { deactivation: { allowed: false, cooldownSeconds: 0, maxPerTerm: null } };
    expect(planOf(full(policy, activate('a'), activate('b')), { fingerprint: 'hash-c' })).toEqual(
      steps(
        ['NOT_ACTIVATED', releaseDevices(1, 'act_a', 'act_b'), allow({ activations: 3 })],
        ['NOT_ACTIVATED', activating],
      ),
    );
  });

  test('gets a higher limit when it allows no device, seat or user at all', () => {
    const license = licenseWith({ limits: limitsOf(0) });
    expect(planOf(license, { fingerprint: 'hash-a', lease: 'holder-a', user: 'ref_ada' })).toEqual(
      steps(
        ['USER_NOT_ASSIGNED', allow({ users: 1 })],
        ['USER_NOT_ASSIGNED', { action: 'ASSIGN_USER' }],
        ['NOT_ACTIVATED', allow({ activations: 1 })],
        ['NOT_ACTIVATED', activating],
        ['NO_LEASE', allow({ seats: 1 })],
        ['NO_LEASE', { action: 'TAKE_SEAT' }],
      ),
    );
  });

  test('counts the overage of its policy', () => {
    const policy = { overage: { kind: 'RATIO', percent: 150 } } as const;
    const devices = ['a', 'b', 'c'].map((device) => activate(device));
    expect(planOf(full(policy, ...devices.slice(0, 2)), { fingerprint: 'hash-d' })).toEqual(
      steps(['NOT_ACTIVATED', activating]),
    );
    expect(planOf(full(policy, ...devices), { fingerprint: 'hash-d' })).toEqual(
      steps(
        ['NOT_ACTIVATED', releaseDevices(1, 'act_a', 'act_b', 'act_c'), allow({ activations: 4 })],
        ['NOT_ACTIVATED', activating],
      ),
    );
  });

  test('releases as many devices as are above a lowered limit, and one more', () => {
    const lowered = command('ChangeLimits', { limits: limitsOf(1) });
    const license = licenseWith({ limits: limitsOf(3) }, activate('a'), activate('b'), activate('c'), lowered);
    expect(planOf(license, { fingerprint: 'hash-d' })).toEqual(
      steps(
        ['NOT_ACTIVATED', releaseDevices(3, 'act_a', 'act_b', 'act_c'), allow({ activations: 4 })],
        ['NOT_ACTIVATED', activating],
      ),
    );
  });

  test('lists at most 100 devices to release', () => {
    const devices = Array.from({ length: 101 }, (_, index) => activate(`${index}`));
    const license = licenseWith({ limits: limitsOf(101) }, ...devices);
    const ids = Array.from({ length: 100 }, (_, index) => `act_${index}`);
    expect(planOf(license, { fingerprint: 'hash-new' })).toEqual(
      steps(['NOT_ACTIVATED', releaseDevices(1, ...ids), allow({ activations: 102 })], ['NOT_ACTIVATED', activating]),
    );
  });

  test('unassigns another user, or gets a higher limit', () => {
    expect(planOf(full({}, assign('ref_ada'), assign('ref_bob')), { user: 'ref_eve' })).toEqual(
      steps(
        ['USER_NOT_ASSIGNED', unassign(1, 'ref_ada', 'ref_bob'), allow({ users: 3 })],
        ['USER_NOT_ASSIGNED', { action: 'ASSIGN_USER' }],
      ),
    );
  });

  const seatAfter = (...releases: readonly [RepairStep, ...(readonly RepairStep[])]) =>
    steps(['NO_LEASE', ...releases], ['NO_LEASE', { action: 'TAKE_SEAT' }]);

  test('releases a seat, or gets a higher limit', () => {
    expect(planOf(full({}, seat('a'), seat('b')), { lease: 'holder-c' })).toEqual(
      seatAfter(releaseSeats(1, 'lea_a', 'lea_b'), allow({ seats: 3 })),
    );
  });

  test('releases no borrowed seat, which stays taken, unless its policy reclaims it', () => {
    const commands = [seat('a', borrowed), seat('b')];
    expect(planOf(full(borrowing, ...commands), { lease: 'holder-c' })).toEqual(
      seatAfter(releaseSeats(1, 'lea_b'), allow({ seats: 3 })),
    );
    expect(planOf(full({ ...borrowing, reclaimBorrowed: true }, ...commands), { lease: 'holder-c' })).toEqual(
      seatAfter(releaseSeats(1, 'lea_a', 'lea_b'), allow({ seats: 3 })),
    );
  });
});

describe('A license above a lowered limit', () => {
  const above = (lowered: Partial<ReturnType<typeof limitsOf>>, ...commands: readonly LicenseCommand[]) =>
    licenseWith(
      { policy: { ...borrowing, limitStrategy: 'REJECT' }, limits: limitsOf(4) },
      ...commands,
      command('ChangeLimits', { limits: { ...limitsOf(4), ...lowered }, strategy: 'ALLOW_OVER' }),
    );
  const devices = [activate('a'), activate('b'), activate('c')];

  test.each([
    [{}, ['act_a', 'act_b', 'act_c']],
    [{ fingerprint: 'hash-b' }, ['act_a', 'act_c']],
    [{ activationId: 'act_c' }, ['act_a', 'act_b']],
  ])('releases other devices than that of the request: %j', (scope, ids) => {
    expect(planOf(above({ activations: 1 }, ...devices), scope)).toEqual(
      steps(['TOO_MANY_ACTIVATIONS', releaseDevices(2, ...ids), allow({ activations: 3 })]),
    );
  });

  test('does not release the device that holds the seat of the request', () => {
    const license = above({ activations: 1 }, ...devices, seat('b', { holderHash: 'hash-b' }));
    expect(planOf(license, { lease: 'hash-b' })).toEqual(
      steps(['TOO_MANY_ACTIVATIONS', releaseDevices(2, 'act_a', 'act_c'), allow({ activations: 3 })]),
    );
  });

  test('gets no higher limit in place of a release when a later step would lower it again', () => {
    const license = above({ seats: 0 }, seat('a'), seat('b'));
    const dead = ['lea_a', 'lea_b'].map((leaseId) => ({ leaseId, lastSeenAt: noon }));
    const at = new Date(Date.parse(noon) + 3_600_000).toISOString();
    expect(planOf(license, { lease: 'holder-c' }, { at, dead })).toEqual(
      steps(
        ['TOO_MANY_LEASES', releaseSeats(2, 'lea_a', 'lea_b')],
        ['NO_LEASE', allow({ seats: 1 })],
        ['NO_LEASE', { action: 'TAKE_SEAT' }],
      ),
    );
  });

  test('only gets a higher limit when the request needs what is above it', () => {
    expect(planOf(above({ activations: 0 }, activate('a')), { fingerprint: 'hash-a' })).toEqual(
      steps(['TOO_MANY_ACTIVATIONS', allow({ activations: 1 })]),
    );
    expect(planOf(above({ users: 0 }, assign('ref_ada')), { user: 'ref_ada' })).toEqual(
      steps(['TOO_MANY_USERS', allow({ users: 1 })]),
    );
    expect(planOf(above({ seats: 0 }, seat('a')), { lease: 'holder-a' })).toEqual(
      steps(['TOO_MANY_LEASES', allow({ seats: 1 })]),
    );
  });

  test('keeps what the overage of its policy allows, rounded up', () => {
    const policy = { limitStrategy: 'REJECT', overage: { kind: 'RATIO', percent: 150 } } as const;
    const lowered = command('ChangeLimits', { limits: limitsOf(1), strategy: 'ALLOW_OVER' });
    const license = licenseWith({ policy, limits: limitsOf(3) }, ...devices, lowered);
    expect(planOf(license)).toEqual(
      steps(['TOO_MANY_ACTIVATIONS', releaseDevices(1, 'act_a', 'act_b', 'act_c'), allow({ activations: 3 })]),
    );
  });

  test('releases other seats than that of the request, also borrowed ones', () => {
    const license = above({ seats: 1 }, seat('a'), seat('b', borrowed), seat('c'));
    expect(planOf(license, { lease: 'holder-a' })).toEqual(
      steps(['TOO_MANY_LEASES', releaseSeats(2, 'lea_b', 'lea_c'), allow({ seats: 3 })]),
    );
    expect(planOf(license)).toEqual(
      steps(['TOO_MANY_LEASES', releaseSeats(2, 'lea_a', 'lea_b', 'lea_c'), allow({ seats: 3 })]),
    );
  });

  test('does not count the seat of a released borrow', () => {
    const release = command('ReleaseLease', { leaseId: 'lea_b', by: 'USER' });
    const license = above({ seats: 1 }, seat('a'), seat('b', borrowed), seat('c'), release);
    expect(planOf(license)).toEqual(steps(['TOO_MANY_LEASES', releaseSeats(1, 'lea_a', 'lea_c'), allow({ seats: 2 })]));
  });

  test.each([
    ['the request', { user: 'ref_bob' }],
    ['its device', { fingerprint: 'hash-d' }],
    ['its seat', { lease: 'holder-d' }],
  ])('unassigns other users than that of %s', (_, scope) => {
    const ofBob = { userRef: 'ref_bob' };
    const users = [assign('ref_ada'), assign('ref_bob'), assign('ref_eve')];
    const license = above({ users: 1 }, ...users, activateWith('d', ofBob), seat('d', ofBob));
    expect(planOf(license, scope)).toEqual(
      steps(['TOO_MANY_USERS', unassign(2, 'ref_ada', 'ref_eve'), allow({ users: 3 })]),
    );
  });
});
