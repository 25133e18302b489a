import type { PoolClient } from 'pg';
import { idPattern } from '../../domain/ids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import { issuersOfHeld } from '../../projections/queries/search-rows.ts';

/**
 * Returns the issuers of the licenses that an organization holds, at most 100: a user is stored under another reference
 * for each. For asTenant of the same organization.
 */
export const issuersWithHeld = (db: PoolClient, orgId: string): Promise<readonly string[]> =>
  issuersOfHeld(db, orgId, issuersMax);

// A holder with licenses of more issuers finds devices and users under the first ones.
const issuersMax = 100;

/**
 * Returns the references under which an organization may have assigned a user, by the name that it used, or by the
 * reference itself. `issuers`: those of the licenses that it holds.
 */
export const referencesOfUser = (
  secrets: Secrets,
  orgId: string,
  issuers: readonly string[],
  user: string,
): readonly string[] => {
  const refsOf = (issuerOrgId: string, holderOrgId: string | null) =>
    userReferences(secrets, { issuerOrgId, holderOrgId, formerHolders: [] }, user);
  const reference = user.trim();
  const references = [refsOf(orgId, null), ...issuers.map((issuer) => refsOf(issuer, orgId))].flat();
  return [...new Set([...references, ...(referencePattern.test(reference) ? [reference] : [])])];
};

const referencePattern = idPattern('ref');

/** Returns `referencesOfUser` for all licenses that the organization issues or holds. For asTenant of it. */
export const userRefsOf = async (
  db: PoolClient,
  secrets: Secrets,
  orgId: string,
  user: string,
): Promise<readonly string[]> => referencesOfUser(secrets, orgId, await issuersWithHeld(db, orgId), user);
