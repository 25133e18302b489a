import type { PoolClient } from 'pg';
import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, noInstantYet, notYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a new API key is made of. `revision`: that of the event in the stream of the organization. */
type Creation = {
  readonly issuerOrgId: string;
  readonly data: Extract<OrganizationEvent, { type: 'ApiKeyCreated' }>['data'];
  readonly createdAt: Instant;
  readonly revision: bigint;
};

const column = columnsFor<Creation>();
const columns = {
  api_key_id: column('text', ({ data }) => data.apiKeyId, 'apiKeyId'),
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  revision: column('bigint', ({ revision }) => revision),
  name: column('text', ({ data }) => data.name, 'name'),
  scopes: column('text[]', ({ data }) => data.scopes, 'scopes'),
  products: column('text[]', ({ data }) => data.products ?? null, 'products'),
  hint: column('text', ({ data }) => data.hint, 'hint'),
  created_at: column('timestamptz', ({ createdAt }) => createdAt, 'createdAt'),
  expires_at: column('timestamptz', ({ data }) => data.expiresAt ?? null, 'expiresAt'),
  revoked_at: column('timestamptz', noInstantYet),
  // Those of a rotation, which a new key has not had.
  secret_ref: column('text', notYet),
  previous_hint: column('text', (): string | null => null, 'previousHint'),
  previous_secret_ref: column('text', notYet),
  overlap_until: column('timestamptz', noInstantYet, 'overlapUntil'),
  created_by: column('text', ({ data }) => data.createdBy ?? null, 'createdBy'),
};

/**
 * `rm.api_keys`: the API keys of an organization (db/read-models/060-api-keys.sql). `identity.authenticate` reads them
 * too.
 */
export const apiKeys = {
  name: 'api_keys',
  key: ['api_key_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new API key. */
export const apiKeyRow = rowMaker(columns);

const ofIdentity = {
  // A key stops working as soon as one of the two says so (db/identity/030-authenticate.sql).
  revokedAt: joined<Instant | null>('timestamptz', 'coalesce(k.revoked_at, i.revoked_at)'),
  lastUsedAt: joined<Instant | null>('timestamptz', 'i.last_used_at'),
};
const view = viewOf('k', columns, ofIdentity);
const viewWithRevision = viewOf('k', columns, { ...ofIdentity, revision: joined<bigint>('bigint', 'o.revision') });

/**
 * An API key as the API shows it: never the secret, nor its hash. `expiresAt` null: it does not expire. `lastUsedAt`
 * null: it was never used.
 */
export type ApiKeyView = View<typeof columns, typeof ofIdentity>;

/**
 * Returns a page of the API keys of an organization, newest first, including ended keys. For asTenant of that
 * organization.
 */
export const listApiKeys = async (db: PoolClient, { orgId, limit, after }: Listing): Promise<readonly ApiKeyView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'list-api-keys',
    text: `select ${view.select} from rm.api_keys k left join identity.api_keys i on i.api_key_id = k.api_key_id
      where k.issuer_org_id = $1 and ($3::text is null or (k.created_at, k.api_key_id) <
        (select c.created_at, c.api_key_id from rm.api_keys c where c.api_key_id = $3))
      order by k.created_at desc, k.api_key_id desc limit $2`,
    values: [orgId, limit, after],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/**
 * Returns an API key of the tenant of `db`, also an ended one, with the revision of its organization. Returns null when
 * there is none.
 */
export const apiKeyById = async (
  db: PoolClient,
  apiKeyId: string,
): Promise<(ApiKeyView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'api-key-by-id',
    text: `select ${viewWithRevision.select}
      from rm.api_keys k join rm.organizations o on o.organization_id = k.issuer_org_id
      left join identity.api_keys i on i.api_key_id = k.api_key_id
      where k.api_key_id = $1`,
    values: [apiKeyId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last key of the previous page; null: the first page. */
  readonly after: string | null;
};
