import type { PoolClient } from 'pg';
import type { OrganizationEvent } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { beginsWith } from './prefix.ts';
import type { Row, Table } from './rows.ts';

/** `rm.projects`: an organization's projects, archived ones too (db/read-models/053-projects.sql). */
export const projects: Table = {
  name: 'projects',
  key: ['issuer_org_id', 'project_id'],
  columns: {
    ...{ issuer_org_id: 'text', project_id: 'text', name: 'text', metadata_ref: 'text' },
    ...{ created_at: 'timestamptz', archived_at: 'timestamptz' },
  },
};

/** The row of a new project. */
export const projectRow = (
  organizationId: string,
  { projectId, name, metadataRef }: Extract<OrganizationEvent, { type: 'ProjectCreated' }>['data'],
  createdAt: Instant,
): Row => ({
  issuer_org_id: organizationId,
  project_id: projectId,
  name,
  metadata_ref: metadataRef,
  created_at: createdAt,
  archived_at: null,
});

/** A project as the API shows it. `metadataRef` and `metadata` null: nothing was noted; `metadata` alone: it was erased. */
export type ProjectView = {
  readonly projectId: string;
  readonly name: string;
  readonly metadataRef: string | null;
  readonly metadata: JsonObject | null;
  readonly createdAt: Instant;
  readonly archivedAt: Instant | null;
};

/** An organization's projects, newest first. A page is not shifted by later ones. For asTenant of that organization. */
export const listProjects = async (
  db: PoolClient,
  { orgId, limit, after, archived, q }: Listing,
): Promise<readonly ProjectView[]> => {
  const values: unknown[] = [orgId, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const filters: string[] = [];
  if (after !== null)
    filters.push(`(p.created_at, p.project_id) < (select c.created_at, c.project_id from rm.projects c
      where c.issuer_org_id = $1 and c.project_id = ${parameter(after)})`);
  if (archived !== undefined) filters.push(`p.archived_at is ${archived ? 'not null' : 'null'}`);
  if (q !== undefined) filters.push(beginsWith('p.name_lower', parameter(q)));
  const { rows } = await db.query<ProjectRow>({
    text: `select ${projectColumns} from rm.projects p left join vault.personal_values v on v.ref = p.metadata_ref
      where ${['p.issuer_org_id = $1', ...filters].join(' and ')}
      order by p.created_at desc, p.project_id desc limit $2`,
    values,
  });
  return rows.map(readProject);
};

/** A project with the revision of its organization, archived or not; null when there is none. For asTenant of that organization. */
export const projectById = async (
  db: PoolClient,
  orgId: string,
  projectId: string,
): Promise<(ProjectView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<ProjectRow & { readonly revision: string }>({
    name: 'project-by-id',
    text: `select ${projectColumns}, o.revision
      from rm.projects p join rm.organizations o on o.organization_id = p.issuer_org_id
      left join vault.personal_values v on v.ref = p.metadata_ref
      where p.issuer_org_id = $1 and p.project_id = $2`,
    values: [orgId, projectId],
  });
  const [row] = rows;
  return row === undefined ? null : { ...readProject(row), revision: BigInt(row.revision) };
};

type Listing = {
  readonly orgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last project of the page before; null: from the newest. */
  readonly after: string | null;
  /** Only archived ones, or only those in use. */
  readonly archived?: boolean | undefined;
  /** What the name begins with, in any case. */
  readonly q?: string | undefined;
};

type ProjectRow = {
  readonly project_id: string;
  readonly name: string;
  readonly metadata_ref: string | null;
  readonly metadata: string | null;
  readonly created_ms: string;
  readonly archived_ms: string | null;
};

const projectColumns = `p.project_id, p.name, p.metadata_ref, v.value as metadata, ${epochMs('p.created_at')} as created_ms,
  ${epochMs('p.archived_at')} as archived_ms`;

const readProject = (row: ProjectRow): ProjectView => ({
  projectId: row.project_id,
  name: row.name,
  metadataRef: row.metadata_ref,
  metadata: row.metadata === null ? null : JSON.parse(row.metadata),
  createdAt: fromMs(Number(row.created_ms)),
  archivedAt: row.archived_ms === null ? null : fromMs(Number(row.archived_ms)),
});
