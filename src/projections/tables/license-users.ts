import type { PoolClient } from 'pg';
import type { LicenseEvent } from '../../domain/license/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { PartOwner } from './activations.ts';
import type { Row, Table } from './rows.ts';

/** `rm.license_users`: the users a license is, or was, assigned to (db/read-models/032-license-users.sql). */
export const licenseUsers: Table = {
  name: 'license_users',
  key: ['issuer_org_id', 'license_id', 'user_ref'],
  group: { by: ['license_id'], end: 'unassigned_at' },
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text', user_ref: 'text' },
    ...{ revision: 'bigint', assigned_at: 'timestamptz', unassigned_at: 'timestamptz', cause: 'text' },
  },
};

type Unassignment = Extract<LicenseEvent, { type: 'UserUnassigned' }>['data'];

/** The row of a user, assigned by the event of this revision; one who is assigned once more has it made again. */
export const licenseUserRow = (owner: PartOwner, userRef: string, assignedAt: Instant, revision: bigint): Row => ({
  ...userKey(owner, userRef),
  holder_org_id: owner.holderOrgId,
  revision: `${revision}`,
  assigned_at: assignedAt,
  unassigned_at: null,
  cause: null,
});

/** What the end of an assignment changes. */
export const unassignment = (owner: PartOwner, { userRef, cause }: Unassignment, unassignedAt: Instant): Row => ({
  ...userKey(owner, userRef),
  unassigned_at: unassignedAt,
  cause,
});

/** A user that a license is assigned to, by reference. */
export type AssignedUser = { readonly userRef: string; readonly assignedAt: Instant };

/** The assigned users of a license that the tenant of `db` issues or holds, the last one first, after the given one. */
export const usersOf = async (
  db: PoolClient,
  licenseId: string,
  { limit, after }: { readonly limit: number; readonly after: AssignedUser | null },
): Promise<readonly AssignedUser[]> => {
  const { rows } = await db.query<{ userRef: string; assignedAt: string }>({
    name: 'users-of',
    text: `select user_ref as "userRef", ${epochMs('assigned_at')} as "assignedAt" from rm.license_users
      where license_id = $1 and unassigned_at is null
        and ($3::timestamptz is null or (assigned_at, user_ref) < ($3, $4))
      order by assigned_at desc, user_ref desc limit $2`,
    values: [licenseId, limit, after?.assignedAt ?? null, after?.userRef ?? null],
  });
  return rows.map(({ userRef, assignedAt }) => ({ userRef, assignedAt: fromMs(Number(assignedAt)) }));
};

const userKey = ({ issuerOrgId, licenseId }: PartOwner, userRef: string): Row => ({
  issuer_org_id: issuerOrgId,
  license_id: licenseId,
  user_ref: userRef,
});
