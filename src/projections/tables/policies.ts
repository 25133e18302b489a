import type { PoolClient } from 'pg';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { beginsWith } from './prefix.ts';
import type { Row, Table } from './rows.ts';

/** `rm.policies`: every version of every policy (db/read-models/082-policies.sql). */
export const policies: Table = {
  name: 'policies',
  key: ['issuer_org_id', 'policy_id', 'version'],
  group: { by: ['issuer_org_id', 'policy_id'], end: null },
  columns: {
    ...{ issuer_org_id: 'text', policy_id: 'text', version: 'integer', name: 'text', tier: 'text', type: 'text' },
    ...{ policy: 'jsonb', products: 'text[]', term: 'jsonb', limits: 'jsonb', entitlements: 'jsonb' },
    ...{ created_at: 'timestamptz', policy_created_at: 'timestamptz', current: 'boolean', archived_at: 'timestamptz' },
  },
};

/** The row of a new version, the current one until the next. */
export const policyRow = (
  issuerOrgId: string,
  version: PolicyVersion,
  { createdAt, policyCreatedAt }: { readonly createdAt: Instant; readonly policyCreatedAt: Instant },
): Row => ({
  issuer_org_id: issuerOrgId,
  policy_id: version.policy.policyId,
  version: version.policy.version,
  name: version.name,
  tier: version.policy.tier,
  type: version.policy.type,
  policy: version.policy,
  products: version.products,
  term: version.term,
  limits: version.limits,
  entitlements: version.entitlements,
  created_at: createdAt,
  policy_created_at: policyCreatedAt,
  current: true,
  archived_at: null,
});

/** A version of a policy as the API shows it. `versionAt`: when it was made. `archivedAt` null: the policy is in use. */
export type PolicyView = PolicyVersion & {
  readonly createdAt: Instant;
  readonly versionAt: Instant;
  readonly archivedAt: Instant | null;
};

type Listing = {
  readonly issuerOrgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last policy of the page before; null: from the newest. */
  readonly after: string | null;
  readonly tier?: Tier | undefined;
  readonly archived?: boolean | undefined;
  /** What the name begins with, in any case. */
  readonly q?: string | undefined;
};

/**
 * The policies of an issuer in their current version, the newest policy first. A page is not shifted by policies and versions
 * added meanwhile. For asTenant of the issuer.
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
  const { rows } = await db.query<PolicyRow>({
    text: `select ${columns} from rm.policies p where ${conditions.join(' and ')}
      order by p.policy_created_at desc, p.policy_id desc limit $2`,
    values,
  });
  return rows.map(viewOf);
};

/**
 * A policy in one version, `version` null: the current one, with the revision of its issuer's catalog; null where there is no
 * such policy or version. For asTenant of the issuer.
 */
export const policyById = async (
  db: PoolClient,
  issuerOrgId: string,
  policyId: string,
  version: number | null,
): Promise<(PolicyView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<PolicyRow & { readonly revision: string }>({
    name: 'policy-by-id',
    text: `select ${columns}, c.revision from rm.policies p join rm.catalogs c using (issuer_org_id)
      where p.issuer_org_id = $1 and p.policy_id = $2 and ($3::bigint is null or p.version = $3)
      order by p.version desc limit 1`,
    values: [issuerOrgId, policyId, version],
  });
  const [row] = rows;
  return row === undefined ? null : { ...viewOf(row), revision: BigInt(row.revision) };
};

const columns = `p.name, p.policy, p.products, p.term, p.limits, p.entitlements,
  ${epochMs('p.policy_created_at')} as created_ms, ${epochMs('p.created_at')} as version_ms,
  ${epochMs('p.archived_at')} as archived_ms`;

type PolicyRow = PolicyVersion & {
  readonly created_ms: string;
  readonly version_ms: string;
  readonly archived_ms: string | null;
};

const viewOf = ({ name, policy, products, term, limits, entitlements, ...row }: PolicyRow): PolicyView => ({
  ...{ name, policy, products, term, limits, entitlements },
  createdAt: fromMs(Number(row.created_ms)),
  versionAt: fromMs(Number(row.version_ms)),
  archivedAt: row.archived_ms === null ? null : fromMs(Number(row.archived_ms)),
});
