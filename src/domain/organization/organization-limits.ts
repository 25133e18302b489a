import { entitlementStates } from '../license/grants/effective-entitlements.ts';
import type { Entitlement } from '../license/grants/entitlement.ts';
import type { Instant } from '../time.ts';

/** The most members and unarchived projects of an organization; null: any number. */
export type OrganizationLimits = { readonly members: number | null; readonly projects: number | null };

/**
 * The limits of every organization: API keys in force, open invitations, and unarchived projects unless its license
 * sets another limit. `issuers`: trusted and blocked issuers. `organizationsOfUser`: a user in this many open
 * organizations cannot create another one. `freeOrganizationsOfUser`: nor can a user who has created this many open
 * organizations in tier FREE.
 */
export const fixedLimits = {
  apiKeys: 1_000,
  invitations: 1_000,
  projects: 1_000,
  issuers: 1_000,
  organizationsOfUser: 100,
  freeOrganizationsOfUser: 5,
} as const;

/** The most invitations, and the most API keys, that one command ends: more would not fit into one append. */
export const endedAtOnce = 200;

/** The limits of an organization without a license of its own. */
export const noLimits: OrganizationLimits = { members: null, projects: null };

/**
 * Returns the limits that the entitlements `members` and `projects` of an organization's own license set at `at`.
 * Without one there is no limit. One that the license withholds is 0.
 */
export const organizationLimits = (entitlements: readonly Entitlement[], at: Instant): OrganizationLimits => {
  const states = entitlementStates({ entitlements }, at);
  const limitOf = (name: string): number | null => {
    const state = states.find(({ code, ended }) => code === name && !ended);
    if (state === undefined) return null;
    return state.withheld ? 0 : state.limit;
  };
  return { members: limitOf('members'), projects: limitOf('projects') };
};
