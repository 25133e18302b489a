import type { PoolClient } from 'pg';
import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { beginsWith } from '../queries/prefix.ts';
import { columnsFor, joined, noInstantYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a new project is made of. */
type Creation = {
  readonly organizationId: string;
  readonly data: Extract<OrganizationEvent, { type: 'ProjectCreated' }>['data'];
  readonly createdAt: Instant;
};

const column = columnsFor<Creation>();
const columns = {
  issuer_org_id: column('text', ({ organizationId }) => organizationId),
  project_id: column('text', ({ data }) => data.projectId, 'projectId'),
  name: column('text', ({ data }) => data.name, 'name'),
  metadata_ref: column('text', ({ data }) => data.metadataRef, 'metadataRef'),
  created_at: column('timestamptz', ({ createdAt }) => createdAt, 'createdAt'),
  archived_at: column('timestamptz', noInstantYet, 'archivedAt'),
};

/** `rm.projects`: the projects of an organization, including archived ones (db/read-models/053-projects.sql). */
export const projects = {
  name: 'projects',
  key: ['issuer_org_id', 'project_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new project. */
export const projectRow = rowMaker(columns);

// The vault has the metadata as text.
const metadata = joined<JsonObject | null>('jsonb', 'v.value');
const view = viewOf('p', columns, { metadata });
const viewWithRevision = viewOf('p', columns, { metadata, revision: joined<bigint>('bigint', 'o.revision') });

/**
 * A project as the API shows it. `metadataRef` and `metadata` null: it has no metadata. `metadata` alone null: the
 * metadata was erased.
 */
export type ProjectView = View<typeof columns, { readonly metadata: typeof metadata }>;

/**
 * Returns a page of the projects of an organization, newest first. Projects that are added meanwhile do not shift a
 * page. For asTenant of that organization.
 */
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
  const { rows } = await db.query<unknown[]>({
    text: `select ${view.select} from rm.projects p left join vault.personal_values v on v.ref = p.metadata_ref
      where ${['p.issuer_org_id = $1', ...filters].join(' and ')}
      order by p.created_at desc, p.project_id desc limit $2`,
    values,
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/**
 * Returns a project with the revision of its organization, also an archived one. Returns null when there is none. For
 * asTenant of that organization.
 */
export const projectById = async (
  db: PoolClient,
  orgId: string,
  projectId: string,
): Promise<(ProjectView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'project-by-id',
    text: `select ${viewWithRevision.select}
      from rm.projects p join rm.organizations o on o.organization_id = p.issuer_org_id
      left join vault.personal_values v on v.ref = p.metadata_ref
      where p.issuer_org_id = $1 and p.project_id = $2`,
    values: [orgId, projectId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last project of the previous page; null: the first page. */
  readonly after: string | null;
  /** True: archived projects only. False: projects in use only. */
  readonly archived?: boolean | undefined;
  /** The beginning of the name, in upper or lower case. */
  readonly q?: string | undefined;
};
