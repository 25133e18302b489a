import type { PoolClient } from 'pg';
import type { Instant } from '../domain/time.ts';

/** A user of a license, whom the organization of the transaction has assigned. */
export type NamedUser = { readonly organizationId: string; readonly licenseId: string; readonly userRef: string };

/**
 * Stores the name under which an organization has assigned a user, in place of an earlier one. Erases the names of
 * users whose assignment to this license has ended. As that organization.
 */
export const storeUserName = async (
  db: PoolClient,
  { organizationId, licenseId, userRef }: NamedUser,
  { name, at }: { readonly name: string; readonly at: Instant },
): Promise<void> => {
  await db.query({
    name: 'store-user-name',
    text: `insert into vault.assigned_users (issuer_org_id, license_id, user_ref, name, named_at)
      values ($1, $2, $3, $4, $5)
      on conflict (issuer_org_id, license_id, user_ref) do update set name = excluded.name, named_at = excluded.named_at`,
    values: [organizationId, licenseId, userRef, name, at],
  });
  await eraseEnded(db, organizationId, licenseId);
};

/**
 * Erases the name of a user, and the names of users whose assignment to this license has ended. As the organization.
 */
export const eraseUserName = async (
  db: PoolClient,
  { organizationId, licenseId, userRef }: NamedUser,
): Promise<void> => {
  await db.query({
    name: 'erase-user-name',
    text: 'delete from vault.assigned_users where (issuer_org_id, license_id, user_ref) = ($1, $2, $3)',
    values: [organizationId, licenseId, userRef],
  });
  await eraseEnded(db, organizationId, licenseId);
};

/** Erases all names that an organization has given to users of a license. As that organization. */
export const eraseUserNames = async (db: PoolClient, organizationId: string, licenseId: string): Promise<void> => {
  await db.query({
    name: 'erase-user-names',
    text: 'delete from vault.assigned_users where (issuer_org_id, license_id) = ($1, $2)',
    values: [organizationId, licenseId],
  });
};

const eraseEnded = async (db: PoolClient, organizationId: string, licenseId: string): Promise<void> => {
  await db.query({
    name: 'erase-ended-user-names',
    // A row that is behind shows an earlier end, before the name was given.
    text: `delete from vault.assigned_users n using rm.license_users u
      where (n.issuer_org_id, n.license_id) = ($1, $2) and (u.license_id, u.user_ref) = (n.license_id, n.user_ref)
        and u.unassigned_at > n.named_at`,
    values: [organizationId, licenseId],
  });
};
