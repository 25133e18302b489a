import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.catalogs`: one row per issuer's catalog, how far its stream is folded (db/read-models/080-catalogs.sql). */
export const catalogs: Table = {
  name: 'catalogs',
  key: ['issuer_org_id'],
  columns: {
    ...{ issuer_org_id: 'text', revision: 'bigint', position: 'bigint', opened_at: 'timestamptz' },
  },
};

/** What is known of a catalog. `policies`: by id, the latest version, and when the first one was made. */
export type Catalog = {
  readonly issuerOrgId: string;
  readonly openedAt: Instant;
  readonly policies: Readonly<Record<string, { readonly version: number; readonly createdAt: Instant }>>;
};

/** A catalog with the place of the last event of its stream. */
export type FoldedCatalog = Catalog & { readonly revision: bigint; readonly position: bigint };

/** The row of a catalog. */
export const catalogRow = (catalog: FoldedCatalog): Row => ({
  issuer_org_id: catalog.issuerOrgId,
  revision: `${catalog.revision}`,
  position: `${catalog.position}`,
  opened_at: catalog.openedAt,
});

/** The stored catalogs of these issuers, by issuer. As ledger_projector. */
export const loadCatalogs = async (
  db: PoolClient,
  issuerOrgIds: readonly string[],
): Promise<Map<string, Catalog & { readonly revision: bigint }>> => {
  if (issuerOrgIds.length === 0) return new Map();
  const { rows } = await db.query<[string, string, string, Readonly<Record<string, readonly [number, number]>>]>({
    name: 'load-catalogs',
    text: `select c.issuer_org_id, c.revision, ${epochMs('c.opened_at')},
        (select coalesce(jsonb_object_agg(p.policy_id, jsonb_build_array(p.version, ${epochMs('p.policy_created_at')})), '{}')
          from policies p where p.issuer_org_id = c.issuer_org_id and p.current)
      from catalogs c where c.issuer_org_id = any($1)`,
    values: [issuerOrgIds],
    rowMode: 'array',
  });
  return new Map(
    rows.map(([issuerOrgId, revision, openedAt, current]) => {
      const known = Object.entries(current).map(([policyId, [version, createdMs]]) => [
        policyId,
        { version, createdAt: fromMs(createdMs) },
      ]);
      const catalog = { issuerOrgId, openedAt: fromMs(Number(openedAt)), policies: Object.fromEntries(known) };
      return [issuerOrgId, { ...catalog, revision: BigInt(revision) }];
    }),
  );
};
