import type { Pool } from 'pg';
import { getUser, type User } from '../../identity/users.ts';
import type { Refusal } from '../refusal.ts';
import { type MemberOf, notSignedIn, openOrganizations } from './open-session.ts';
import type { SignedInUser } from './visible-user.ts';

/** The signed-in user with the organization of the access token. It is null when that is closed or lost its member. */
export type Identity = { readonly user: User; readonly organization: MemberOf | null };

/** Returns who is signed in, and for which organization. */
export const whoAmI = async (
  needs: { readonly pool: Pool },
  { userId, membership }: SignedInUser,
): Promise<Identity | Refusal> => {
  const user = await getUser(needs.pool, userId);
  if (user === null) return notSignedIn;
  const organizations = membership === null ? [] : await openOrganizations(needs, userId);
  return { user, organization: organizations.find(({ id }) => id === membership?.organizationId) ?? null };
};
