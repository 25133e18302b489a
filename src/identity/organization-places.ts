import type { Pool } from 'pg';
import { asUser } from './as-user.ts';

/** An organization that a user created or is creating, and when the last attempt began. */
export type OrganizationPlace = { readonly organizationId: string; readonly takenAt: Date };

/** Returns the places of a user. */
export const readPlaces = (pool: Pool, userId: string): Promise<readonly OrganizationPlace[]> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rows } = await db.query<{ organization_id: string; taken_at: Date }>({
        name: 'organization-places',
        text: 'select organization_id, taken_at from identity.organization_places where user_id = $1',
        values: [userId],
      });
      return rows.map((row) => ({ organizationId: row.organization_id, takenAt: row.taken_at }));
    },
    { readOnly: true },
  );

/** What decides whether a user gets another place. */
export type PlaceRequest = OrganizationPlace & {
  /** The places that no longer count. They are removed, unless an attempt has renewed them. */
  readonly ended: readonly OrganizationPlace[];
  /** The number of organizations that count without a place. */
  readonly others: number;
  readonly max: number;
};

/**
 * Takes a place for an organization, and again for a repeated attempt. Returns false when the user has `max` of them.
 * Concurrent calls of all processes wait for each other, so that they are counted exactly.
 */
export const takePlace = (
  pool: Pool,
  userId: string,
  { organizationId, takenAt, ended, others, max }: PlaceRequest,
): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    await db.query({
      name: 'lock-user-for-places',
      text: 'select from identity.users where user_id = $1 for update',
      values: [userId],
    });
    await db.query({
      name: 'end-organization-places',
      text: `delete from identity.organization_places p using unnest($2::text[], $3::timestamptz[]) e (organization_id, taken_at)
        where p.user_id = $1 and p.organization_id = e.organization_id and p.taken_at = e.taken_at`,
      values: [userId, ended.map((place) => place.organizationId), ended.map((place) => place.takenAt)],
    });
    const { rowCount } = await db.query({
      name: 'take-organization-place',
      text: `insert into identity.organization_places (user_id, organization_id, taken_at)
        select $1, $2, $3 where (
          select count(*) from identity.organization_places where user_id = $1 and organization_id <> $2
        ) + $4 < $5
        on conflict (user_id, organization_id) do update set taken_at = excluded.taken_at`,
      values: [userId, organizationId, takenAt, others, max],
    });
    return rowCount === 1;
  });
