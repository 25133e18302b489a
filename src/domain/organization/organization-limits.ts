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
 * With several entitlements of one code the widest applies. Without one there is no limit.
 */
export const organizationLimits = (entitlements: readonly Entitlement[], at: Instant): OrganizationLimits => {
  const limitOf = (name: string): number | null => {
    const granted = entitlements.filter(({ code, until }) => code === name && (until === null || at < until));
    return granted.reduce<number | null>(
      (widest, { limit }, index) =>
        index === 0 ? limit : widest === null || limit === null ? null : Math.max(widest, limit),
      null,
    );
  };
  return { members: limitOf('members'), projects: limitOf('projects') };
};
