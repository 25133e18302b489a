import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs, type Row, type Table } from './rows.ts';

/** `rm.organizations`: one row per organization (db/read-models/050-organizations.sql). */
export const organizations: Table = {
  name: 'rm.organizations',
  key: ['organization_id'],
  columns: {
    ...{ organization_id: 'text', issuer_org_id: 'text', revision: 'bigint', position: 'bigint' },
    ...{ name: 'text', created_at: 'timestamptz' },
  },
};

/** What is kept of an organization. */
export type Organization = { readonly organizationId: string; readonly name: string; readonly createdAt: Instant };

/** An organization with the place of the last event of its stream. */
export type FoldedOrganization = Organization & { readonly revision: bigint; readonly position: bigint };

/** The row of an organization. */
export const organizationRow = ({ organizationId, name, createdAt, revision, position }: FoldedOrganization): Row => ({
  organization_id: organizationId,
  issuer_org_id: organizationId,
  revision: `${revision}`,
  position: `${position}`,
  name,
  created_at: createdAt,
});

/** The stored organizations among these ids, by id. */
export const loadOrganizations = async (
  db: PoolClient,
  organizationIds: readonly string[],
): Promise<Map<string, Organization & { readonly revision: bigint }>> => {
  if (organizationIds.length === 0) return new Map();
  const { rows } = await db.query<[string, string, string, string]>({
    name: 'load-organizations',
    text: `select organization_id, name, ${epochMs('created_at')}, revision from rm.organizations where organization_id = any($1)`,
    values: [organizationIds],
    rowMode: 'array',
  });
  return new Map(
    rows.map(([organizationId, name, createdAt, revision]) => [
      organizationId,
      { organizationId, name, createdAt: fromMs(Number(createdAt)), revision: BigInt(revision) },
    ]),
  );
};
