import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { columnsFor, joined, rowMaker, typesOf, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** The current state of a catalog. `policies`: by id, the latest version, and when the first version was created. */
export type Catalog = {
  readonly issuerOrgId: string;
  readonly openedAt: Instant;
  readonly policies: Readonly<Record<string, { readonly version: number; readonly createdAt: Instant }>>;
};

/** A catalog with the place of the last event of its stream. */
export type FoldedCatalog = Catalog & { readonly revision: bigint; readonly position: bigint };

const column = columnsFor<FoldedCatalog>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId, 'issuerOrgId'),
  revision: column('bigint', ({ revision }) => revision, 'revision'),
  position: column('bigint', ({ position }) => position),
  opened_at: column('timestamptz', ({ openedAt }) => openedAt, 'openedAt'),
};

/** `rm.catalogs`: one row per catalog of an issuer (db/read-models/080-catalogs.sql). */
export const catalogs = {
  name: 'catalogs',
  key: ['issuer_org_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a catalog. */
export const catalogRow = rowMaker(columns);

const view = viewOf('c', columns, {
  /** By id: the latest version, and the milliseconds since 1970 at which the first version was created. */
  latest: joined<Readonly<Record<string, readonly [version: number, createdMs: number]>>>(
    'jsonb',
    `(select coalesce(jsonb_object_agg(p.policy_id, jsonb_build_array(p.version, ${epochMs('p.policy_created_at')})), '{}')
      from policies p where p.issuer_org_id = c.issuer_org_id and p.current)`,
  ),
});

/** Returns the stored catalogs of these issuers, by issuer. As ledger_projector. */
export const loadCatalogs = async (
  db: PoolClient,
  issuerOrgIds: readonly string[],
): Promise<Map<string, Catalog & { readonly revision: bigint }>> => {
  if (issuerOrgIds.length === 0) return new Map();
  const { rows } = await db.query<unknown[]>({
    name: 'load-catalogs',
    text: `select ${view.select} from catalogs c where c.issuer_org_id = any($1)`,
    values: [issuerOrgIds],
    rowMode: 'array',
  });
  return new Map(
    rows.map(view.read).map(({ latest, ...catalog }) => {
      const policies: Record<string, { readonly version: number; readonly createdAt: Instant }> = {};
      for (const [policyId, [version, createdMs]] of Object.entries(latest))
        policies[policyId] = { version, createdAt: fromMs(createdMs) };
      return [catalog.issuerOrgId, { ...catalog, policies }];
    }),
  );
};
