import type { PoolClient } from 'pg';
import type { LogAccess } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** The current state of an organization. `timeZone`: the IANA name of the zone that its durations are counted in. */
export type Organization = LogAccess & {
  readonly organizationId: string;
  readonly name: string;
  readonly timeZone: string;
  readonly createdAt: Instant;
  readonly closedAt: Instant | null;
};

/** An organization with the place of the last event of its stream. */
export type FoldedOrganization = Organization & { readonly revision: bigint; readonly position: bigint };

const column = columnsFor<FoldedOrganization>();
const organization_id = column('text', ({ organizationId }) => organizationId, 'organizationId');
const profile = {
  name: column('text', ({ name }) => name, 'name'),
  time_zone: column('text', ({ timeZone }) => timeZone, 'timeZone'),
  created_at: column('timestamptz', ({ createdAt }) => createdAt, 'createdAt'),
  closed_at: column('timestamptz', ({ closedAt }) => closedAt, 'closedAt'),
};
const columns = {
  organization_id,
  issuer_org_id: column('text', ({ organizationId }) => organizationId),
  revision: column('bigint', ({ revision }) => revision, 'revision'),
  position: column('bigint', ({ position }) => position),
  ...profile,
  log_is_public: column('boolean', ({ logIsPublic }) => logIsPublic, 'logIsPublic'),
  holders_get_proofs: column('boolean', ({ holdersGetProofs }) => holdersGetProofs, 'holdersGetProofs'),
};

/** The columns of an organization without the access to its log. */
export const profileColumns = { organization_id, ...profile };

/** `rm.organizations`: one row per organization (db/read-models/050-organizations.sql). */
export const organizations = {
  name: 'organizations',
  key: ['organization_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of an organization. */
export const organizationRow = rowMaker(columns);

const view = viewOf('o', columns);

/** An organization as its row has it, up to the event of this revision. */
type StoredOrganization = View<typeof columns>;

/** Returns the stored organizations with these ids, by id. */
export const loadOrganizations = async (
  db: PoolClient,
  organizationIds: readonly string[],
): Promise<Map<string, StoredOrganization>> => {
  if (organizationIds.length === 0) return new Map();
  const { rows } = await db.query<unknown[]>({
    name: 'load-organizations',
    text: `select ${view.select} from organizations o where organization_id = any($1)`,
    values: [organizationIds],
    rowMode: 'array',
  });
  return new Map(rows.map(view.read).map((organization) => [organization.organizationId, organization]));
};

/** Returns an organization with its revision, also a closed one. Returns null when `db` is not its tenant's. */
export const organizationById = async (db: PoolClient, organizationId: string): Promise<StoredOrganization | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'organization-by-id',
    text: `select ${view.select} from rm.organizations o where organization_id = $1`,
    values: [organizationId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : view.read(rows[0]);
};
