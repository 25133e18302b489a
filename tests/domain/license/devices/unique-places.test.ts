import { describe, expect, test } from 'vitest';
import { fold, type Stamped } from '../../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { ReservedDevice } from '../../../../src/domain/license/devices/unique-places.ts';
import { takesPart, uniquePlacesOf } from '../../../../src/domain/license/devices/unique-places.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import type { PinnedPolicy } from '../../../../src/domain/license/policy.ts';
import { command, device, event, followedBy } from '../commands.ts';
import { activated, expiresAt, given, issued, justBeforeExpiry, pro } from '../examples.ts';

const under = (fingerprintUniqueness: NonNullable<PinnedPolicy['fingerprintUniqueness']>) =>
  issued({ policy: { ...pro, fingerprintUniqueness } });
const decideOn = (history: readonly Stamped<LicenseEvent>[], next: LicenseCommand) =>
  licenseDecider.decide(next, fold(licenseDecider, history), String);
const issuer = { scope: 'ISSUER', of: 'org_1' } as const;
const reserved = (...activationIds: string[]): ReservedDevice => ({ places: [issuer], activationIds });

describe('A policy that allows a device on one license only', () => {
  test.each([
    ['LICENSE', []],
    ['POLICY', [{ scope: 'POLICY', of: 'pol_1' }]],
    [
      'PRODUCT',
      [
        { scope: 'PRODUCT', of: 'a' },
        { scope: 'PRODUCT', of: 'b' },
      ],
    ],
    ['ISSUER', [issuer]],
  ] as const)('%s names the places in which it must be the only one', (fingerprintUniqueness, places) => {
    const facts = { policy: { ...pro, fingerprintUniqueness }, products: ['b', 'a'], issuerOrgId: 'org_1' };
    expect(uniquePlacesOf(facts)).toEqual(places);
    expect(takesPart(facts, issuer)).toBe(fingerprintUniqueness === 'ISSUER');
    expect(takesPart(facts, { scope: 'PRODUCT', of: 'c' })).toBe(false);
  });
  test('refuses a device that is not reserved', () => {
    given(under('ISSUER'))
      .when(command('Activate', device('a')))
      .thenRejected('DEVICE_ACTIVE_ELSEWHERE', 'fingerprint');
    given(under('PRODUCT'))
      .when(
        command(
          'Activate',
          device('a', { reserved: { places: [{ scope: 'PRODUCT', of: 'local_cli' }], activationIds: [] } }),
        ),
      )
      .thenRejected('DEVICE_ACTIVE_ELSEWHERE');
  });
  test('activates a reserved device, and swaps for one', () => {
    const activation = decideOn([under('ISSUER')], command('Activate', device('a', { reserved: reserved('act_a') })));
    expect(activation).toMatchObject([{ type: 'ActivationRecorded' }]);
    given(under('ISSUER'), activated('a', 1))
      .when(command('SwapActivation', { release: { fingerprintHash: 'hash-a' }, activate: device('b') }))
      .thenRejected('DEVICE_ACTIVE_ELSEWHERE');
  });
  test('refuses a reservation that was made for an activation that has ended', () => {
    const history = followedBy(
      [under('ISSUER'), activated('a', 1)],
      command('Deactivate', { device: { activationId: 'act_a' }, by: 'ADMIN' }),
    );
    given(...history)
      .when(command('Activate', device('a', { activationId: 'act_2', reserved: reserved('act_a') })))
      .thenRejected('DEVICE_ACTIVE_ELSEWHERE');
  });
  test('refuses for its own reasons first', () => {
    given(under('ISSUER'), activated('a', 1), activated('b', 2))
      .when(command('Activate', device('c')))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('keeps a device that was active before, without a reservation', () => {
    given(under('ISSUER'), activated('a', 1))
      .when(command('Activate', device('a')))
      .thenNothing();
  });
});

describe('A device that another license activates', () => {
  const release = (at: string) => command('ReleaseExpired', { activationId: 'act_a' }, at);
  test('ends on a license that has expired', () => {
    expect([decideOn([issued(), activated('a', 1)], release(expiresAt))].flat().at(-1)).toEqual(
      event('ActivationDeactivated', { activationId: 'act_a', cause: 'EXPIRED', countAfter: 0 }),
    );
  });
  test('stays on a license that may be used, also after its expiry', () => {
    given(issued(), activated('a', 1)).when(release(justBeforeExpiry)).thenNothing();
    given(issued({ policy: { ...pro, expiryStrategy: 'ALLOW' } }), activated('a', 1))
      .when(release(expiresAt))
      .thenNothing();
  });
});
