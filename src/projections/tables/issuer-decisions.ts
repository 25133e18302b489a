import type { PoolClient } from 'pg';
import type { IssuerDecision } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a decision is made of. `decision` null: the organization has forgotten it. */
type Decided = {
  readonly organizationId: string;
  readonly decidedOrgId: string;
  readonly decision: IssuerDecision['decision'] | null;
  readonly decidedAt: Instant;
};

const column = columnsFor<Decided>();
const columns = {
  issuer_org_id: column('text', ({ organizationId }) => organizationId),
  decided_org_id: column('text', ({ decidedOrgId }) => decidedOrgId, 'decidedOrgId'),
  decision: column('text', ({ decision }) => decision, 'decision'),
  decided_at: column('timestamptz', ({ decidedAt }) => decidedAt, 'decidedAt'),
};

/** `rm.issuer_decisions`: the issuers that an organization trusts or blocks (db/read-models/056-issuer-decisions.sql). */
export const issuerDecisions = {
  name: 'issuer_decisions',
  key: ['issuer_org_id', 'decided_org_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a decision. */
export const issuerDecisionRow = rowMaker(columns);

const name = joined<string | null>('text', 'rm.issuer_name(d.decided_org_id)');
const view = viewOf('d', columns, { name });

/** A decision about an issuer. `name` null: the issuer has offered no license to the organization, or is closed. */
export type IssuerDecisionView = View<typeof columns, { readonly name: typeof name }>;

/**
 * Returns a page of the issuers that an organization trusts or blocks, by id. For asTenant of that organization.
 */
export const listIssuerDecisions = async (
  db: PoolClient,
  { orgId, limit, after, decision }: Listing,
): Promise<readonly IssuerDecisionView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'list-issuer-decisions',
    text: `select ${view.select} from rm.issuer_decisions d
      where d.issuer_org_id = $1 and d.decision is not null and ($3::text is null or d.decided_org_id > $3)
        and ($4::text is null or d.decision = $4)
      order by d.decided_org_id limit $2`,
    values: [orgId, limit, after, decision ?? null],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/** Returns the name of an issuer that has offered a license to the tenant of `db`. Returns null for any other. */
export const issuerName = async (db: PoolClient, issuerOrgId: string): Promise<string | null> => {
  const { rows } = await db.query<{ name: string | null }>({
    name: 'issuer-name',
    text: 'select rm.issuer_name($1) as name',
    values: [issuerOrgId],
  });
  return rows[0]?.name ?? null;
};

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last issuer of the previous page; null: the first page. */
  readonly after: string | null;
  readonly decision?: IssuerDecision['decision'] | undefined;
};
