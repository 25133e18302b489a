import type { PoolClient } from 'pg';
import type { LicenseEvent } from '../../domain/license/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { PartOwner } from './activations.ts';
import { columnsFor, joined, noInstantYet, notYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of an assigned user is made of. `revision`: that of the event. */
type Assignment = {
  readonly owner: PartOwner;
  readonly userRef: string;
  readonly assignedAt: Instant;
  readonly revision: bigint;
};

const column = columnsFor<Assignment>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  holder_org_id: column('text', ({ owner }) => owner.holderOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  user_ref: column('text', ({ userRef }) => userRef, 'userRef'),
  revision: column('bigint', ({ revision }) => revision),
  assigned_at: column('timestamptz', ({ assignedAt }) => assignedAt, 'assignedAt'),
  unassigned_at: column('timestamptz', noInstantYet),
  cause: column('text', notYet),
};

/** `rm.license_users`: the present and former users of a license (db/read-models/032-license-users.sql). */
export const licenseUsers = {
  name: 'license_users',
  key: ['issuer_org_id', 'license_id', 'user_ref'],
  group: { by: ['license_id'], end: 'unassigned_at' },
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of an assigned user. A user who is assigned again gets a new row. */
export const licenseUserRow = rowMaker(columns);

type Unassignment = Extract<LicenseEvent, { type: 'UserUnassigned' }>['data'];

/** Returns what the end of an assignment changes. */
export const unassignment = (owner: PartOwner, { userRef, cause }: Unassignment, unassignedAt: Instant) => ({
  issuer_org_id: owner.issuerOrgId,
  license_id: owner.licenseId,
  user_ref: userRef,
  unassigned_at: unassignedAt,
  cause,
});

const name = joined<string | null>('text', 'n.name');
const view = viewOf('u', columns, { name });

/**
 * A user of a license. `name`: under which the reading organization assigned the user; null: it did not, or under none.
 */
export type AssignedUser = View<typeof columns, { readonly name: typeof name }>;

/**
 * Returns a page of the assigned users of a license that the tenant of `db` issues or holds, newest first. `after`: the
 * last user of the previous page; null: the first page.
 */
export const usersOf = async (
  db: PoolClient,
  licenseId: string,
  {
    limit,
    after,
    except,
  }: {
    readonly limit: number;
    readonly after: Pick<AssignedUser, 'assignedAt' | 'userRef'> | null;
    readonly except: readonly string[];
  },
): Promise<readonly AssignedUser[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'users-of',
    text: `select ${view.select} from rm.license_users u
        left join vault.assigned_users n on (n.license_id, n.user_ref) = (u.license_id, u.user_ref)
          and n.issuer_org_id = (select current_setting('app.org_id', true))
      where u.license_id = $1 and u.unassigned_at is null and u.user_ref <> all($5)
        and ($3::timestamptz is null or (u.assigned_at, u.user_ref) < ($3, $4))
      order by u.assigned_at desc, u.user_ref desc limit $2`,
    values: [licenseId, limit, after?.assignedAt ?? null, after?.userRef ?? null, except],
    rowMode: 'array',
  });
  return rows.map(view.read);
};
