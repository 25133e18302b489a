import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { Device } from '../../src/domain/license/devices/device-commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { command, device, event, followedBy, policyWith } from '../domain/license/commands.ts';
import { given, issued, licenseAfter, revokedEvent, suspendedEvent, tomorrow } from '../domain/license/examples.ts';
import { seats } from '../domain/license/validation/validation-examples.ts';

type Update = Parameters<typeof event<'ActivationUpdated'>>[1];
type Sender = { readonly byKey?: boolean };

const parts = { disk: 'd1', board: 'b1', network: 'n1' };
const first = device('a', { nameRef: 'ref_1', components: parts, userRef: 'usr_a', environment: 'live' });
const activate = (changes: Partial<Device> & Sender = {}) => {
  const { userRef: _user, environment: _environment, components: _components, ...silent } = first;
  return command('Activate', { ...silent, activationId: 'act_other', ...changes }, tomorrow);
};
const licensed = (policy: Partial<PinnedPolicy> = {}) =>
  followedBy(
    [issued({ policy: policyWith(policy), limits: { ...seats, activations: 1, users: 3 } })],
    command('AssignUser', { userRef: 'usr_a' }),
    command('AssignUser', { userRef: 'usr_b' }),
    command('Activate', first),
  );
const updated = (changes: Omit<Update, 'activationId'>) =>
  event('ActivationUpdated', { activationId: first.activationId, ...changes });

describe('activating an active device again', () => {
  test.each<readonly [string, Partial<Device>, Omit<Update, 'activationId'> | null]>([
    ['with the same values changes nothing', {}, null],
    ['with a new version records the version', { appVersion: '2.2.0' }, { appVersion: '2.2.0' }],
    ['with another platform records the platform', { platform: 'macos' }, { platform: 'macos' }],
    ['with another name records the reference of the name', { nameRef: 'ref_2' }, { nameRef: 'ref_2' }],
    ['without name, version and platform keeps them', { nameRef: null, appVersion: null, platform: null }, null],
    ['with other components records them', { components: { disk: 'd2' } }, { components: { disk: 'd2' } }],
    ['with the same components in another order changes nothing', { components: reversed(parts) }, null],
    ['with an empty list of components keeps them', { components: {} }, null],
    ['for another assigned user binds it to that user', { userRef: 'usr_b' }, { userRef: 'usr_b' }],
    ['for another environment binds it to that environment', { environment: 'test' }, { environment: 'test' }],
    ['for another product of the license changes nothing', { product: 'cloud_ide' }, null],
    [
      'with several changes records all of them in one event',
      { appVersion: '2.2.0', nameRef: 'ref_2', platform: 'linux' },
      { nameRef: 'ref_2', appVersion: '2.2.0' },
    ],
  ])('%s', (_, changes, update) => {
    const scenario = given(...licensed()).when(activate(changes));
    if (update === null) scenario.thenNothing();
    else scenario.thenEvents(updated(update));
  });

  test('keeps its id, its date, its place and everything that the request does not name', () => {
    const before = licenseAfter(...licensed()).activations.get('act_a');
    const after = licenseAfter(...followedBy(licensed(), activate({ appVersion: '2.2.0' })));
    const updatedAt = { appVersion: tomorrow };
    expect([...after.activations.values()]).toEqual([{ ...before, appVersion: '2.2.0', updatedAt }]);
    expect(after.facts.usage.activations).toBe(1);
  });

  test('at every start makes one event for each new version', () => {
    const starts = ['2.2.0', '2.2.0', '2.2.0', '2.3.0', '2.3.0'].map((appVersion) => activate({ appVersion }));
    const events = followedBy(licensed(), ...starts).filter(({ event: { type } }) => type === 'ActivationUpdated');
    expect(events.map(({ event: { data } }) => 'appVersion' in data && data.appVersion)).toEqual(['2.2.0', '2.3.0']);
  });

  test('is not refused by a full license or by the cooldown of releases', () => {
    const deactivation = { allowed: false, cooldownSeconds: 86_400, maxPerTerm: 0 };
    given(...licensed({ deactivation }))
      .when(activate({ appVersion: '2.2.0' }))
      .thenEvents(updated({ appVersion: '2.2.0' }));
  });

  test.each([
    ['of a suspended license is refused', suspendedEvent(), 'LICENSE_SUSPENDED'],
    ['of a revoked license is refused', revokedEvent, 'LICENSE_REVOKED'],
  ] as const)('%s', (_, change, refusal) => {
    given(...licensed(), { event: change, at: { recordedAt: tomorrow, effectiveAt: tomorrow } })
      .when(activate({ appVersion: '2.2.0' }))
      .thenRejected(refusal);
  });

  test.each([
    ['for a user without the license is refused', { userRef: 'usr_c' }, {}, 'USER_NOT_ASSIGNED'],
    [
      'for a forbidden environment is refused',
      { environment: 'test' },
      { environment: 'live' },
      'ENVIRONMENT_MISMATCH',
    ],
  ] as const)('%s', (_, changes, policy, refusal) => {
    given(...licensed(policy))
      .when(activate(changes))
      .thenRejected(refusal);
  });
});

describe('activating an active device again with the key', () => {
  const hoursLater = (hours: number) => new Date(Date.parse(tomorrow) + hours * 3_600_000).toISOString();
  const byKeyAt = (hours: number, changes: Partial<Device>) => ({
    ...activate({ ...changes, byKey: true }),
    at: hoursLater(hours),
  });
  const updatesOf = (...starts: readonly LicenseCommand[]) =>
    followedBy(licensed(), ...starts).flatMap(({ event }) => {
      if (event.type !== 'ActivationUpdated') return [];
      const { activationId: _id, ...changes } = event.data;
      return [changes];
    });

  test('by two applications of different versions makes one event a day, not one at every start', () => {
    const starts = [0, 1, 2, 3, 23, 23.9].map((hours, start) =>
      byKeyAt(hours, { appVersion: start % 2 === 0 ? '9.0.0' : '2.1.0' }),
    );
    expect(updatesOf(...starts)).toEqual([{ appVersion: '9.0.0' }]);
    expect(updatesOf(...starts, byKeyAt(24, { appVersion: '2.1.0' }))).toEqual([
      { appVersion: '9.0.0' },
      { appVersion: '2.1.0' },
    ]);
  });

  test('records the first change of each detail immediately', () => {
    const changes = [
      { appVersion: '9.0.0' },
      { platform: 'macos' },
      { nameRef: 'ref_2' },
      { components: { disk: 'd2' } },
    ];
    const expected = [...changes.slice(0, 3), { components: { ...parts, disk: 'd2' } }];
    expect(updatesOf(...changes.map((change) => byKeyAt(0, change)))).toEqual(expected);
  });

  test.each<readonly [string, Partial<Device>, Partial<Device>]>([
    ['version', { appVersion: '9.0.0' }, { appVersion: '9.1.0' }],
    ['platform', { platform: 'macos' }, { platform: 'windows' }],
    ['name', { nameRef: 'ref_2' }, { nameRef: 'ref_3' }],
    ['list of components', { components: { ...parts, disk: 'd2' } }, { components: { ...parts, disk: 'd3' } }],
  ])('records the second %s after 24 hours', (_, first, second) => {
    expect(updatesOf(byKeyAt(0, first), byKeyAt(23.99, second))).toEqual([first]);
    expect(updatesOf(byKeyAt(0, first), byKeyAt(23.99, second), byKeyAt(24, second))).toEqual([first, second]);
  });

  test('always records the user and the environment, because validations compare them', () => {
    const changes = [{ userRef: 'usr_b' }, { userRef: 'usr_a' }, { environment: 'test' }, { environment: 'live' }];
    expect(updatesOf(...changes.map((change) => byKeyAt(0, change)))).toEqual(changes);
  });

  test('delays no change by an organization', () => {
    const changes = [{ appVersion: '9.0.0' }, { appVersion: '9.1.0' }, { appVersion: '9.2.0' }];
    expect(updatesOf(...changes.map((change) => activate({ ...change, byKey: false })))).toEqual(changes);
  });
});

describe('activating a device that only its components find', () => {
  const changed = { fingerprintHash: 'hash-z', components: { ...parts, disk: 'd2' }, appVersion: '2.2.0' };
  const policy = { fingerprintMatching: 'MOST' } as const;

  test('updates its details, and keeps the recorded fingerprint and components as its identity', () => {
    given(...licensed(policy))
      .when(activate(changed))
      .thenEvents(updated({ appVersion: '2.2.0' }));
    given(...followedBy(licensed(policy), activate(changed)))
      .when(activate(changed))
      .thenNothing();
  });

  test('renames it by the key only when the policy shows names to such a client', () => {
    const renamed = { ...changed, nameRef: 'ref_2', byKey: true };
    given(...licensed({ ...policy, deviceNamesByKey: false }))
      .when(activate(renamed))
      .thenEvents(updated({ appVersion: '2.2.0' }));
    given(...licensed({ ...policy, deviceNamesByKey: true }))
      .when(activate(renamed))
      .thenEvents(updated({ nameRef: 'ref_2', appVersion: '2.2.0' }));
  });

  test('changes nothing by the key when the policy demands the own fingerprint', () => {
    const own = licensed({ ...policy, deactivateByKey: 'OWN' });
    given(...own)
      .when(activate({ ...changed, byKey: true }))
      .thenNothing();
    given(...own)
      .when(activate({ ...changed, byKey: false }))
      .thenEvents(updated({ appVersion: '2.2.0' }));
  });
});

function reversed(record: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(record).reverse());
}
