import type { PinnedPolicy } from '../license/policy.ts';
import { isUsedUp, type Limits } from '../license/usage/usage-limits.ts';

/** What a policy restricts: its rules, and the limits that its licenses get. */
type Restricting = { readonly rules: Omit<PinnedPolicy, 'policyId' | 'version'>; readonly limits: Limits };

/** The rules that make a validation name what the policy restricts; absent: it need not. */
type Requirements = Partial<Record<keyof typeof restrictions, boolean>>;

/**
 * Returns what a validation must name under the next version of a policy: what the change says, else what the version
 * before says. A version that starts or stops to restrict something also starts or stops to require it. So a policy from
 * before these rules requires nothing new until it restricts something new.
 */
export const requirementsOf = (before: Restricting, next: Restricting, change: Requirements): Requirements => {
  const requirements: { [Name in keyof Requirements]: true } = {};
  for (const name of Object.keys(restrictions) as (keyof typeof restrictions)[]) {
    const restricts = restrictions[name];
    const isRestricted = restricts(next);
    const byDefault = isRestricted === restricts(before) ? before.rules[name] === true : isRestricted;
    if (change[name] ?? byDefault) requirements[name] = true;
  }
  return requirements;
};

const restrictions = {
  versionRequired: ({ rules }: Restricting) => rules.versions !== undefined,
  environmentRequired: ({ rules }: Restricting) => rules.environment !== undefined,
  userRequired: ({ limits }: Restricting) => !isUsedUp(0, limits.users),
  releasedAtRequired: ({ rules }: Restricting) => rules.expiryStrategy === 'MAINTAIN',
};
