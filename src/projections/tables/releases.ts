import type { PoolClient } from 'pg';
import type { CatalogEvent } from '../../domain/catalog/events.ts';
import { versionOrder } from '../../domain/license/validation/app-versions.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, noInstantYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a release is made of. */
type Publication = {
  readonly issuerOrgId: string;
  readonly data: Extract<CatalogEvent, { type: 'ReleasePublished' }>['data'];
  readonly publishedAt: Instant;
};

const column = columnsFor<Publication>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  product: column('text', ({ data }) => data.product, 'product'),
  version: column('text', ({ data }) => data.version, 'version'),
  version_order: column('text', ({ data }) => versionOrder(data.version)),
  channel: column('text', ({ data }) => data.channel, 'channel'),
  released_at: column('timestamptz', ({ data }) => data.releasedAt, 'releasedAt'),
  published_at: column('timestamptz', ({ publishedAt }) => publishedAt, 'publishedAt'),
  withdrawn_at: column('timestamptz', noInstantYet, 'withdrawnAt'),
};

/** `rm.releases`: the present and withdrawn releases of an issuer's products (db/read-models/083-releases.sql). */
export const releases = {
  name: 'releases',
  key: ['issuer_org_id', 'product', 'version'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a release. */
export const releaseRow = rowMaker(columns);

const view = viewOf('r', columns);
const viewWithRevision = viewOf('r', columns, { revision: joined<bigint>('bigint', 'c.revision') });

/** A release as the API shows it. `withdrawnAt` null: it counts. */
export type ReleaseView = View<typeof columns>;

type Listing = {
  readonly issuerOrgId: string;
  readonly product: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The version of the last release of the previous page; null: the first page. */
  readonly after: string | null;
  readonly channel?: string | undefined;
  readonly withdrawn?: boolean | undefined;
};

/**
 * Returns a page of the releases of a product, the one that was released last first. For asTenant of the issuer.
 */
export const listReleases = async (db: PoolClient, listing: Listing): Promise<readonly ReleaseView[]> => {
  const { issuerOrgId, product, limit, after, channel, withdrawn } = listing;
  const values: unknown[] = [issuerOrgId, product, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    'r.issuer_org_id = $1 and r.product = $2',
    after === null
      ? []
      : `(r.released_at, r.version_order) < (select a.released_at, a.version_order from rm.releases a
          where a.issuer_org_id = $1 and a.product = $2 and a.version = ${parameter(after)})`,
    channel === undefined ? [] : `r.channel = ${parameter(channel)}`,
    withdrawn === undefined ? [] : `r.withdrawn_at is ${withdrawn ? 'not null' : 'null'}`,
  ].flat();
  const { rows } = await db.query<unknown[]>({
    text: `select ${view.select} from rm.releases r where ${conditions.join(' and ')}
      order by r.released_at desc, r.version_order desc limit $3`,
    values,
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/** Returns a release with the revision of its issuer's catalog, or null. For asTenant of the issuer. */
export const releaseOf = async (
  db: PoolClient,
  issuerOrgId: string,
  product: string,
  version: string,
): Promise<(ReleaseView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'release-of-version',
    text: `select ${viewWithRevision.select} from rm.releases r join rm.catalogs c using (issuer_org_id)
      where r.issuer_org_id = $1 and r.product = $2 and r.version = $3`,
    values: [issuerOrgId, product, version],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};
