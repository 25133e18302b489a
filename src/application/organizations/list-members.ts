import type { Pool } from 'pg';
import { userProfiles } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listMembers as listMemberRows, type MemberView, memberById } from '../../projections/tables/memberships.ts';

/** The address and name of a user, or null after the user was erased. */
export type UserProfile = { readonly email: string; readonly displayName: string | null } | null;

/** A member with the profile of the user. */
export type ProfiledMember = { readonly member: MemberView; readonly profile: UserProfile };

/** Returns one page of the members of an organization, newest first. */
export const listMembers = async (
  pool: Pool,
  page: Parameters<typeof listMemberRows>[1],
): Promise<readonly ProfiledMember[]> => {
  const members = await asTenant(pool, page.orgId, (db) => listMemberRows(db, page));
  const profiles = await userProfiles(
    pool,
    members.map(({ userId }) => userId),
  );
  return members.map((member) => ({ member, profile: profiles.get(member.userId) ?? null }));
};

/**
 * Returns a member of an organization with the revision of the organization. Returns null when the user is no member.
 */
export const readMember = async (
  pool: Pool,
  organizationId: string,
  userId: string,
): Promise<(ProfiledMember & { readonly revision: bigint }) | null> => {
  const row = await asTenant(pool, organizationId, (db) => memberById(db, organizationId, userId));
  if (row === null) return null;
  const { revision, ...member } = row;
  return { member, profile: (await userProfiles(pool, [userId])).get(userId) ?? null, revision };
};
