import type { Entitlement } from '../license/grants/entitlement.ts';
import type { Instant } from '../time.ts';

/** How many members and unarchived projects an organization may have; null: any number. */
export type OrganizationLimits = { readonly members: number | null; readonly projects: number | null };

/**
 * How many an organization has at most, whatever its license: API keys in force, open invitations, and unarchived projects
 * unless the license says another number. `organizationsOfUser`: how many open ones a user may belong to and open another.
 */
export const most = { apiKeys: 1_000, invitations: 1_000, projects: 1_000, organizationsOfUser: 100 } as const;

/** Of an organization without a license of its own. */
export const noLimits: OrganizationLimits = { members: null, projects: null };

/**
 * The limits that an organization's own license sets by its entitlements `members` and `projects` at `at`. Of several the
 * widest counts, whatever its source; a license that does not speak of one does not limit it.
 */
export const organizationLimits = (entitlements: readonly Entitlement[], at: Instant): OrganizationLimits => {
  const limitOf = (wanted: string): number | null => {
    const granted = entitlements.filter(({ code, until }) => code === wanted && (until === null || at < until));
    return granted.reduce<number | null>(
      (widest, { limit }, index) =>
        index === 0 ? limit : widest === null || limit === null ? null : Math.max(widest, limit),
      null,
    );
  };
  return { members: limitOf('members'), projects: limitOf('projects') };
};
