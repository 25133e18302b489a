import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { atMost, readsAtOnce } from '../../async/at-most.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { fixedLimits } from '../../domain/organization/organization-limits.ts';
import { type OrganizationPlace, readPlaces, takePlace } from '../../identity/organization-places.ts';
import type { OrganizationOfUser } from '../../projections/queries/organizations-of-user.ts';
import { type PlatformLicenseOf, tierOf } from './platform-license.ts';
import type { OrganizationCommandNeeds } from './send-to-organization.ts';

/** The needs of creating organizations. */
export type FreeOrganizationNeeds = OrganizationCommandNeeds & {
  readonly platformLicense: PlatformLicenseOf;
  readonly accounts: { readonly defaultTier: Tier };
};

/** An organization to create, and the memberships of its founder. */
type Founding = {
  readonly userId: string;
  readonly organizationId: string;
  readonly memberships: readonly OrganizationOfUser[];
};

/**
 * Takes a place for an organization that a user creates. Returns false when the user has created as many open
 * organizations in tier FREE as a user may. An organization counts until it is closed or gets a license of another tier,
 * also when it has another owner by then. So nobody gets a further one by handing one over.
 */
export const takeFreePlace = async (
  needs: FreeOrganizationNeeds,
  { userId, organizationId, memberships }: Founding,
): Promise<boolean> => {
  const now = new Date(needs.now());
  const places = (await readPlaces(needs.pool, userId)).filter((place) => place.organizationId !== organizationId);
  const inUse = await atMost(readsAtOnce, places, (place) => isInUse(needs, place, now));
  const ended = places.filter((_, index) => inUse[index] !== true);
  const withPlace = new Set([organizationId, ...places.map((place) => place.organizationId)]);
  const unplaced = memberships.filter((one) => !withPlace.has(one.organizationId) && one.closedAt === null);
  const earlier = await atMost(readsAtOnce, unplaced, (membership) => isEarlier(needs, userId, membership));
  const others = earlier.filter(Boolean).length;
  const max = fixedLimits.freeOrganizationsOfUser;
  return takePlace(needs.pool, userId, { organizationId, takenAt: now, ended, others, max });
};

// An attempt to create an organization stops long before this.
const attemptMsMax = 60_000;

/** Returns true for a place of an open organization in tier FREE, and for one that an attempt may still create. */
const isInUse = async (
  needs: FreeOrganizationNeeds,
  { organizationId, takenAt }: OrganizationPlace,
  now: Date,
): Promise<boolean> => {
  const state = await needs.executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' ? 'missing' : organization.closedAt === null ? 'open' : 'closed',
  );
  if (state === 'missing') return now.getTime() - takenAt.getTime() < attemptMsMax;
  return state === 'open' && (await isFree(needs, organizationId));
};

/** Returns true for an organization in tier FREE that the user created before organizations had places. */
const isEarlier = async (
  needs: FreeOrganizationNeeds,
  userId: string,
  { organizationId }: OrganizationOfUser,
): Promise<boolean> => {
  const isFounder = await needs.executor.read(
    organizationAggregate,
    organizationId,
    (organization) =>
      organization.kind === 'created' &&
      organization.closedAt === null &&
      organization.members.get(userId)?.invitationId === null,
  );
  return isFounder && isFree(needs, organizationId);
};

const isFree = async (
  { platformLicense, accounts: { defaultTier } }: FreeOrganizationNeeds,
  organizationId: string,
): Promise<boolean> => tierOf(await platformLicense(organizationId), defaultTier) === 'FREE';
