import type { Policy } from '../../types.ts';
import type { PolicyChange } from './policy-form.ts';

/** Returns a policy with a change, as the server would show its next version. */
export const changedPolicy = (policy: Policy, change: PolicyChange): Policy => {
  const { limits = {}, entitlements, lease, deactivation, versions, ...rest } = change;
  const { meters, ...counts } = limits;
  return {
    ...policy,
    ...(rest as Partial<Policy>),
    lease: { ...policy.lease, ...lease },
    deactivation: { ...policy.deactivation, ...deactivation },
    versions:
      versions === undefined ? policy.versions : versions === null ? null : { from: null, below: null, ...versions },
    limits: {
      ...policy.limits,
      ...counts,
      ...(meters === undefined ? {} : { meters: withRules(meters, policy) }),
    },
    entitlements:
      entitlements === undefined
        ? policy.entitlements
        : entitlements.map((entitlement) => ({
            ...{ value: null, limit: null, until: null, source: 'tier' as const },
            ...entitlement,
          })),
  };
};

type Meters = NonNullable<NonNullable<PolicyChange['limits']>['meters']>;

const withRules = (meters: Meters, { overage }: Policy): Policy['limits']['meters'] =>
  Object.fromEntries(
    Object.entries(meters).map(([name, meter]) => [
      name,
      typeof meter === 'object' ? { ...{ resets: 'TERM' as const, overage }, ...meter } : meter,
    ]),
  );
