import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.organizations`: one row per organization (db/read-models/050-organizations.sql). */
export const organizations: Table = {
  name: 'organizations',
  key: ['organization_id'],
  columns: {
    ...{ organization_id: 'text', issuer_org_id: 'text', revision: 'bigint', position: 'bigint' },
    ...{ name: 'text', time_zone: 'text', created_at: 'timestamptz', closed_at: 'timestamptz' },
  },
};

/** What is kept of an organization. */
export type Organization = {
  readonly organizationId: string;
  readonly name: string;
  /** In whose calendar the durations of its licenses are counted, by its IANA name. */
  readonly timeZone: string;
  readonly createdAt: Instant;
  readonly closedAt: Instant | null;
};

/** An organization with the place of the last event of its stream. */
export type FoldedOrganization = Organization & { readonly revision: bigint; readonly position: bigint };

/** The row of an organization. */
export const organizationRow = (organization: FoldedOrganization): Row => ({
  organization_id: organization.organizationId,
  issuer_org_id: organization.organizationId,
  revision: `${organization.revision}`,
  position: `${organization.position}`,
  name: organization.name,
  time_zone: organization.timeZone,
  created_at: organization.createdAt,
  closed_at: organization.closedAt,
});

/** The stored organizations among these ids, by id. */
export const loadOrganizations = async (
  db: PoolClient,
  organizationIds: readonly string[],
): Promise<Map<string, Organization & { readonly revision: bigint }>> => {
  if (organizationIds.length === 0) return new Map();
  const { rows } = await db.query<OrganizationColumns>({
    name: 'load-organizations',
    text: `select ${organizationColumns} from organizations where organization_id = any($1)`,
    values: [organizationIds],
    rowMode: 'array',
  });
  return new Map(rows.map((row) => [row[0], readOrganization(row)]));
};

/** The organization itself with its revision, closed or not; null when `db` is not its tenant's. */
export const organizationById = async (
  db: PoolClient,
  organizationId: string,
): Promise<(Organization & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<OrganizationColumns>({
    name: 'organization-by-id',
    text: `select ${organizationColumns} from rm.organizations where organization_id = $1`,
    values: [organizationId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : readOrganization(rows[0]);
};

type OrganizationColumns = [string, string, string, string, string | null, string];

const organizationColumns = `organization_id, name, time_zone, ${epochMs('created_at')}, ${epochMs('closed_at')}, revision`;

const readOrganization = ([organizationId, name, timeZone, createdAt, closedAt, revision]: OrganizationColumns) => ({
  organizationId,
  name,
  timeZone,
  createdAt: fromMs(Number(createdAt)),
  closedAt: closedAt === null ? null : fromMs(Number(closedAt)),
  revision: BigInt(revision),
});
