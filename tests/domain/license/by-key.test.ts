import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith, typesOf } from './commands.ts';
import {
  activate,
  activated,
  deactivatedEvent,
  given,
  issued,
  issuedAt,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  twoDevices,
} from './examples.ts';
import { acquire, acquired, later, pool, released } from './seats/lease-examples.ts';

const own = policyWith({ deactivateByKey: 'OWN' });
const byKey = true;
const a = { activationId: 'act_a' };
const ofA = { fingerprintHash: 'hash-a' };
const [device] = [activate('b')].flatMap(({ type, data }) => (type === 'Activate' ? [data] : []));
if (device === undefined) throw new Error('There is no device.');

describe('The bearer of the key, under a policy that lets it act on its own device only,', () => {
  const used = [issued({ policy: own }), activated('a', 1)];
  const deactivate = (named: object, more: object = { byKey }) =>
    command('Deactivate', { device: { ...ofA, ...named }, by: 'USER', ...more });
  const byId = (more: object = { byKey }) => command('Deactivate', { device: a, by: 'USER', ...more });
  const swap = (release: typeof a | typeof ofA | (typeof a & typeof ofA)) =>
    command('SwapActivation', { release, activate: device, byKey });

  test('does not release a device by the id of its activation', () => {
    given(...used)
      .when(byId())
      .thenRejected('FORBIDDEN', 'fingerprint');
    given(...used)
      .when(swap(a))
      .thenRejected('FORBIDDEN', 'release', 'fingerprint');
  });
  test('learns nothing from the refusal about the device', () =>
    given(issued({ policy: own }))
      .when(byId())
      .thenRejected('FORBIDDEN'));
  test('releases its own device, by its fingerprint or by both names', () => {
    for (const named of [{}, a])
      given(...used)
        .when(deactivate(named))
        .thenEvents(deactivatedEvent('a', 'USER', 0));
    for (const release of [ofA, { ...a, ...ofA }])
      expect(typesOf(followedBy(used, swap(release))).slice(2)).toEqual([
        'ActivationDeactivated',
        'ActivationRecorded',
      ]);
  });
  test('does not release a device that only its components find', () => {
    const policy = policyWith({ deactivateByKey: 'OWN', fingerprintMatching: 'ANY' });
    const components = { os: 'windows' };
    const found = { fingerprintHash: 'hash-9', components };
    const foreign = followedBy([issued({ policy })], command('Activate', { ...device, components }));
    for (const release of [found, { ...found, activationId: 'act_b' }]) {
      for (const refused of [
        command('Deactivate', { device: release, by: 'USER', byKey }),
        command('SwapActivation', { release, activate: { ...device, fingerprintHash: 'hash-c' }, byKey }),
      ])
        given(...foreign)
          .when(refused)
          .thenRejected('FORBIDDEN');
    }
    given(...foreign)
      .when(command('Deactivate', { device: found, by: 'USER' }))
      .thenEvents(
        event('ActivationDeactivated', {
          activationId: 'act_b',
          cause: 'USER',
          countAfter: 0,
          presentedHash: 'hash-9',
        }),
      );
  });
  test('does not release another device with its own fingerprint', () => {
    const two = [issued({ policy: own }), activated('a', 1), activated('b', 2)];
    const named = { activationId: 'act_b', ...ofA };
    given(...two)
      .when(command('Deactivate', { device: named, by: 'USER', byKey }))
      .thenRejected('ACTIVATION_NOT_FOUND');
    const replacing = command('SwapActivation', {
      release: named,
      activate: { ...device, activationId: 'act_c', fingerprintHash: 'hash-c' },
      byKey,
    });
    given(...two)
      .when(replacing)
      .thenRejected('ACTIVATION_NOT_FOUND');
  });
  test('repeats a release by both names, and not with another fingerprint', () => {
    const released = [...used, on(noon, deactivatedEvent('a', 'USER', 0))];
    given(...released)
      .when(deactivate(a))
      .thenNothing();
    given(...released)
      .when(deactivate({ ...a, fingerprintHash: 'hash-b' }))
      .thenRejected('ACTIVATION_NOT_FOUND');
  });
  test('differs from a credential of an organization and from other policies', () => {
    given(...used)
      .when(byId({}))
      .thenEvents(deactivatedEvent('a', 'USER', 0));
    for (const policy of [policyWith({}), policyWith({ deactivateByKey: 'ANY' })])
      given(issued({ policy }), activated('a', 1))
        .when(byId())
        .thenEvents(deactivatedEvent('a', 'USER', 0));
  });
  test('neither keeps nor releases the seat of another holder', () => {
    const seated = followedBy([pool(1, { deactivateByKey: 'OWN' })], acquire(1));
    const renew = (more: object) => command('RenewLease', { leaseId: 'l1', borrowSeconds: null, ...more }, later(1));
    const release = (more: object) => command('ReleaseLease', { leaseId: 'l1', by: 'USER', ...more }, later(1));
    for (const lease of [renew, release]) {
      given(...seated)
        .when(lease({ byKey }))
        .thenRejected('FORBIDDEN');
      given(...seated)
        .when(lease({ byKey, holderHash: 'hash-2' }))
        .thenRejected('NOT_FOUND');
    }
    given(...seated)
      .when(renew({ byKey, holderHash: 'hash-1' }))
      .thenNothing();
    for (const more of [{}, { byKey, holderHash: 'hash-1' }])
      given(...seated)
        .when(release(more))
        .thenEvents(released(1));
  });
  test('does not bring back the lapsed seat of another holder', () => {
    const policy = { deactivateByKey: 'OWN' } as const;
    const lapsed = followedBy(
      [pool(1, policy, { resurrectSeconds: 600 })],
      acquire(1),
      command('LapseLease', { leaseId: 'l1', lastSeenAt: noon }, later(360)),
    );
    const renew = (holderHash: string) =>
      command('RenewLease', { leaseId: 'l1', borrowSeconds: null, byKey, holderHash }, later(400));
    given(...lapsed)
      .when(renew('hash-2'))
      .thenRejected('NOT_FOUND');
    given(...lapsed)
      .when(renew('hash-1'))
      .thenEvents(acquired(1, { expiresAt: later(760) }));
  });
});

describe('A transfer that releases everything', () => {
  const newKey = { keyHash: 'cd34', secretId: 's1', hint: 'ZV3MP' };
  const transfer = (overrides: object = {}) =>
    command('Transfer', {
      ...{ toHolderOrgId: 'org_3', accepted: true, expiry: 'KEEP', activations: 'RELEASE', newKey },
      ...overrides,
    });
  const rotate = (overlapSeconds: number, at: string) =>
    command('RotateKey', { keyHash: 'ef56', secretId: 's1', hint: 'AAAAA', overlapSeconds, cause: 'ROUTINE' }, at);
  const license = issued({ holderOrgId: 'org_2', limits: { ...twoDevices, activations: 1_000 } });
  const keyVersions = (...history: ReturnType<typeof followedBy>) => {
    const { keyVersion, keyOverlaps, keyHint } = licenseAfter(...history).facts;
    return { keyVersion, keyOverlaps, keyHint };
  };

  test('replaces every key at once, also those of earlier overlaps', () => {
    const before = followedBy(
      [license, on(issuedAt, keyIssuedEvent)],
      rotate(3_600, '2026-06-01T10:00:00.000Z'),
      rotate(36_000, '2026-06-01T11:00:00.000Z'),
      rotate(36_000, '2026-06-01T11:30:00.000Z'),
    );
    // The first overlap ended by itself, and the next rotation recorded it.
    expect(keyVersions(...before)).toMatchObject({ keyOverlaps: [{ keyVersion: 2 }, { keyVersion: 3 }] });
    const after = followedBy(before, transfer());
    expect(after.slice(before.length).map(({ event }) => event)).toEqual([
      expect.objectContaining({ type: 'LicenseTransferred' }),
      event('LicenseKeyRotated', { fromVersion: 4, toVersion: 5, ...newKey, overlapUntil: noon, cause: 'ADMIN' }),
      event('LicenseKeyRetired', { keyVersion: 4 }),
      event('LicenseKeyRetired', { keyVersion: 2 }),
      event('LicenseKeyRetired', { keyVersion: 3 }),
    ]);
    expect(keyVersions(...after)).toEqual({ keyVersion: 5, keyOverlaps: [], keyHint: 'ZV3MP' });
  });
  test('does so right after the decisive event, before it announces hundreds of ends', () => {
    const devices = Array.from({ length: 300 }, (_, number) => activate(`d${number}`));
    const before = followedBy([license], ...devices);
    const events = followedBy(before, transfer()).slice(before.length);
    expect(typesOf(events).slice(0, 4)).toEqual([
      'LicenseTransferred',
      'LicenseKeyRotated',
      'LicenseKeyRetired',
      'ActivationDeactivated',
    ]);
    expect(events).toHaveLength(200);
  });
  test('keeps the keys when everything is kept, or the holder stays', () => {
    for (const other of [{ activations: 'KEEP' }, { toHolderOrgId: 'org_2' }]) {
      const after = followedBy([license], transfer(other));
      expect(typesOf(after)).not.toContain('LicenseKeyRotated');
      expect(keyVersions(...after)).toEqual(keyVersions(license));
    }
  });
  test('that an earlier build stored has kept the keys', () => {
    const data = { fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry: 'KEEP', activations: 'RELEASE' } as const;
    expect(keyVersions(license, on(noon, event('LicenseTransferred', data)))).toEqual(keyVersions(license));
  });
});
