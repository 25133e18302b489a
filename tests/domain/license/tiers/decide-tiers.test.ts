import { describe, expect, test } from 'vitest';
import { refuseBecomingTrial } from '../../../../src/domain/license/tiers/decide-tiers.ts';
import { command, enterprise, event, followedBy, free, policyWith, to, trial, typesOf } from '../commands.ts';
import { activate, ends, given, issued, licenseAfter, noon, pro, twoDevices } from '../examples.ts';

const changeTier = (target: ReturnType<typeof to>) => command('ChangeTier', { target });
const changed = (
  policy: typeof pro,
  direction: 'UPGRADE' | 'DOWNGRADE' | 'SAME',
  cause: 'TIER_CHANGED' | 'POLICY_CHANGED' = 'TIER_CHANGED',
) =>
  event('LicenseTierChanged', {
    from: 'PRO',
    to: policy.tier,
    policyId: policy.policyId,
    policyVersion: policy.version,
    policy,
    direction,
    cause,
    scheduledBy: null,
  });
const ofTier = { code: 'sso', value: null, limit: null, until: null, source: 'tier' } as const;

describe('a policy for trials', () => {
  test('is refused for a license that is not a trial', () => {
    expect(refuseBecomingTrial({ policy: pro }, trial)).toMatchObject({
      rejected: 'INVALID_REQUEST',
      detail: 'A license does not become a trial. Issue a trial instead.',
    });
    expect(refuseBecomingTrial({ policy: trial }, trial)).toBeNull();
    expect(refuseBecomingTrial({ policy: trial }, pro)).toBeNull();
    expect(refuseBecomingTrial({ policy: pro }, enterprise)).toBeNull();
  });
});

describe('changing the tier', () => {
  test('pins the whole new policy, so that replay reads no catalog', () => {
    given(issued())
      .when(changeTier(to(enterprise)))
      .thenEvents(changed(enterprise, 'UPGRADE'));
    given(issued())
      .when(changeTier(to(free)))
      .thenEvents(changed(free, 'DOWNGRADE'));
    expect(licenseAfter(...followedBy([issued()], changeTier(to(enterprise)))).facts.policy).toEqual(enterprise);
  });
  test('changes nothing when nothing differs', () => {
    given(issued())
      .when(changeTier(to(pro, { limits: twoDevices, products: ['local_cli', 'cloud_ide'] })))
      .thenNothing();
  });
  test('ends the activations and leases with the last product, each by an event', () => {
    const history = followedBy([issued()], activate('a'), activate('b', noon, 'cloud_ide'));
    given(...history)
      .when(changeTier(to(free, { products: ['local_cli', 'workflow_app'] })))
      .thenEvents(
        changed(free, 'DOWNGRADE'),
        event('ProductAdded', { product: 'workflow_app' }),
        event('ProductRemoved', { product: 'cloud_ide' }),
      );
    given(...history)
      .when(changeTier(to(free, { products: [] })))
      .thenEvents(
        changed(free, 'DOWNGRADE'),
        event('ProductRemoved', { product: 'local_cli' }),
        event('ProductRemoved', { product: 'cloud_ide', ...ends('ALL', 2) }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'PRODUCT_REMOVED', countAfter: 0 }),
        event('ActivationDeactivated', { activationId: 'act_b', cause: 'PRODUCT_REMOVED', countAfter: 0 }),
      );
  });
  test('sets the limits of the new policy, by its strategy', () => {
    const history = followedBy([issued()], activate('a'), activate('b'));
    const limits = { ...twoDevices, activations: 1 };
    const to1 = (limitStrategy: typeof pro.limitStrategy) => changeTier(to({ ...free, limitStrategy }, { limits }));
    expect(typesOf(followedBy(history, to1('EVICT_OLDEST'))).slice(3)).toEqual([
      'LicenseTierChanged',
      'LicenseLimitsChanged',
      'ActivationDeactivated',
    ]);
    expect(typesOf(followedBy(history, to1('ALLOW_OVER'))).slice(3)).toEqual([
      'LicenseTierChanged',
      'LicenseLimitsChanged',
    ]);
    given(...history)
      .when(to1('REJECT'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    given(issued())
      .when(changeTier(to(free, { limits: { ...twoDevices, seats: -1 } })))
      .thenRejected('LIMIT_INVALID');
  });
  test('replaces the entitlements of the tier and keeps other grants', () => {
    const granted = { ...ofTier, code: 'export', source: 'grant' } as const;
    const kept = { ...ofTier, code: 'api' } as const;
    given(issued({ entitlements: [ofTier, kept, granted] }))
      .when(changeTier(to(free, { entitlements: [kept, { ...ofTier, limit: 5 }] })))
      .thenEvents(
        changed(free, 'DOWNGRADE'),
        event('EntitlementRevoked', { code: 'sso', source: 'tier' }),
        event('EntitlementGranted', { ...ofTier, limit: 5 }),
      );
  });
  test('keeps term, key and devices', () => {
    const before = licenseAfter(...followedBy([issued()], activate('a')));
    const after = licenseAfter(...followedBy([issued()], activate('a'), changeTier(to(enterprise))));
    expect(after.facts.term).toEqual(before.facts.term);
    expect(after.activations).toEqual(before.activations);
  });
});

describe('changing the policy', () => {
  const version2 = policyWith({ version: 2, expiryGraceSeconds: 60 });
  test('pins another version, or another policy of the tier', () => {
    given(issued())
      .when(command('ChangePolicy', { target: to(version2) }))
      .thenEvents(changed(version2, 'SAME', 'POLICY_CHANGED'));
    given(issued({ policy: version2 }))
      .when(command('ChangePolicy', { target: to(version2) }))
      .thenNothing();
  });
  test('is refused for a policy of another tier', () => {
    given(issued())
      .when(command('ChangePolicy', { target: to(free) }))
      .thenRejected('INVALID_REQUEST');
  });
});
