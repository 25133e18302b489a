import type { PoolClient } from 'pg';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import type { Tier } from '../../domain/license/policy.ts';
import type { Instant } from '../../domain/time.ts';
import { beginsWith } from '../queries/prefix.ts';
import { columnsFor, joined, noInstantYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a new version is made of. `policyCreatedAt`: when the first version was created. */
type Creation = {
  readonly issuerOrgId: string;
  readonly version: PolicyVersion;
  readonly createdAt: Instant;
  readonly policyCreatedAt: Instant;
};

const column = columnsFor<Creation>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  policy_id: column('text', ({ version }) => version.policy.policyId),
  version: column('integer', ({ version }) => version.policy.version),
  name: column('text', ({ version }) => version.name, 'name'),
  tier: column('text', ({ version }) => version.policy.tier),
  type: column('text', ({ version }) => version.policy.type),
  policy: column('jsonb', ({ version }) => version.policy, 'policy'),
  products: column('text[]', ({ version }) => version.products, 'products'),
  term: column('jsonb', ({ version }) => version.term, 'term'),
  limits: column('jsonb', ({ version }) => version.limits, 'limits'),
  entitlements: column('jsonb', ({ version }) => version.entitlements, 'entitlements'),
  created_at: column('timestamptz', ({ createdAt }) => createdAt, 'versionAt'),
  policy_created_at: column('timestamptz', ({ policyCreatedAt }) => policyCreatedAt, 'createdAt'),
  // Until the next version.
  current: column('boolean', () => true),
  archived_at: column('timestamptz', noInstantYet, 'archivedAt'),
};

/** `rm.policies`: every version of every policy (db/read-models/082-policies.sql). */
export const policies = {
  name: 'policies',
  key: ['issuer_org_id', 'policy_id', 'version'],
  group: { by: ['issuer_org_id', 'policy_id'], end: null },
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new version. */
export const policyRow = rowMaker(columns);

const view = viewOf('p', columns);
const viewWithRevision = viewOf('p', columns, { revision: joined<bigint>('bigint', 'c.revision') });

/**
 * A version of a policy as the API shows it. `createdAt`: of the policy. `versionAt`: of the version. `archivedAt`
 * null: the policy is in use.
 */
export type PolicyView = View<typeof columns>;

type Listing = {
  readonly issuerOrgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last policy of the previous page; null: the first page. */
  readonly after: string | null;
  readonly tier?: Tier | undefined;
  readonly archived?: boolean | undefined;
  /** The beginning of the name, in upper or lower case. */
  readonly q?: string | undefined;
};

/**
 * Returns a page of the policies of an issuer in their current versions, the newest policy first. Policies and versions
 * that are added meanwhile do not shift a page. For asTenant of the issuer.
 */
export const listPolicies = async (db: PoolClient, listing: Listing): Promise<readonly PolicyView[]> => {
  const { issuerOrgId, limit, after, tier, archived, q } = listing;
  const values: unknown[] = [issuerOrgId, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    'p.issuer_org_id = $1 and p.current',
    after === null
      ? []
      : `(p.policy_created_at, p.policy_id) < (select c.policy_created_at, c.policy_id from rm.policies c
          where c.issuer_org_id = $1 and c.policy_id = ${parameter(after)} and c.version = 1)`,
    tier === undefined ? [] : `p.tier = ${parameter(tier)}`,
    archived === undefined ? [] : `p.archived_at is ${archived ? 'not null' : 'null'}`,
    q === undefined ? [] : beginsWith('p.name_lower', parameter(q)),
  ].flat();
  const { rows } = await db.query<unknown[]>({
    text: `select ${view.select} from rm.policies p where ${conditions.join(' and ')}
      order by p.policy_created_at desc, p.policy_id desc limit $2`,
    values,
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/**
 * Returns a version of a policy with the revision of its issuer's catalog. `version` null: the current one. Returns
 * null when there is no such policy or version. For asTenant of the issuer.
 */
export const policyById = async (
  db: PoolClient,
  issuerOrgId: string,
  policyId: string,
  version: number | null,
): Promise<(PolicyView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'policy-by-id',
    text: `select ${viewWithRevision.select} from rm.policies p join rm.catalogs c using (issuer_org_id)
      where p.issuer_org_id = $1 and p.policy_id = $2 and ($3::bigint is null or p.version = $3)
      order by p.version desc limit 1`,
    values: [issuerOrgId, policyId, version],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};
