import type { PoolClient } from 'pg';
import type { OrganizationEvent, Scope } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.api_keys`: what an organization sees of its API keys (db/read-models/060-api-keys.sql). Read by `identity.authenticate`. */
export const apiKeys: Table = {
  name: 'api_keys',
  key: ['api_key_id'],
  columns: {
    ...{ api_key_id: 'text', issuer_org_id: 'text', revision: 'bigint', name: 'text' },
    ...{
      scopes: 'text[]',
      hint: 'text',
      created_at: 'timestamptz',
      expires_at: 'timestamptz',
      revoked_at: 'timestamptz',
    },
  },
};

type Creation = Extract<OrganizationEvent, { type: 'ApiKeyCreated' }>['data'];

/** The row of a new API key. `revision` is that of its creation in the organization's stream. */
export const apiKeyRow = (issuerOrgId: string, creation: Creation, createdAt: Instant, revision: bigint): Row => ({
  api_key_id: creation.apiKeyId,
  issuer_org_id: issuerOrgId,
  revision: `${revision}`,
  name: creation.name,
  scopes: creation.scopes,
  hint: creation.hint,
  created_at: createdAt,
  expires_at: creation.expiresAt ?? null,
  revoked_at: null,
});

/** An API key as the API shows it: never the secret, nor its hash. */
export type ApiKeyView = {
  readonly apiKeyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hint: string;
  readonly createdAt: Instant;
  /** Null: it does not expire. */
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** Null: never yet. */
  readonly lastUsedAt: Instant | null;
};

/** An organization's API keys, ended ones too, newest first, after the given one. For asTenant of that organization. */
export const listApiKeys = async (db: PoolClient, { orgId, limit, after }: Listing): Promise<readonly ApiKeyView[]> => {
  const { rows } = await db.query<ApiKeyColumns>({
    name: 'list-api-keys',
    text: `select ${apiKeyColumns} from rm.api_keys k left join identity.api_keys i on i.api_key_id = k.api_key_id
      where k.issuer_org_id = $1 and ($3::text is null or (k.created_at, k.api_key_id) <
        (select c.created_at, c.api_key_id from rm.api_keys c where c.api_key_id = $3))
      order by k.created_at desc, k.api_key_id desc limit $2`,
    values: [orgId, limit, after],
  });
  return rows.map(readApiKey);
};

/** An API key of the tenant of `db` with the revision of its organization, in force or not; null when there is none. */
export const apiKeyById = async (
  db: PoolClient,
  apiKeyId: string,
): Promise<(ApiKeyView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<ApiKeyColumns & { readonly revision: string }>({
    name: 'api-key-by-id',
    text: `select ${apiKeyColumns}, o.revision
      from rm.api_keys k join rm.organizations o on o.organization_id = k.issuer_org_id
      left join identity.api_keys i on i.api_key_id = k.api_key_id
      where k.api_key_id = $1`,
    values: [apiKeyId],
  });
  const [row] = rows;
  return row === undefined ? null : { ...readApiKey(row), revision: BigInt(row.revision) };
};

type Listing = {
  readonly orgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last key of the page before; null: from the newest. */
  readonly after: string | null;
};

type ApiKeyColumns = {
  readonly api_key_id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hint: string;
  readonly created_ms: string;
  readonly expires_ms: string | null;
  readonly revoked_ms: string | null;
  readonly used_ms: string | null;
};

// A key is out of force as soon as one of the two says so (db/identity/030-authenticate.sql).
const apiKeyColumns = `k.api_key_id, k.name, k.scopes, k.hint, ${epochMs('k.created_at')} as created_ms,
  ${epochMs('k.expires_at')} as expires_ms, ${epochMs('coalesce(k.revoked_at, i.revoked_at)')} as revoked_ms,
  ${epochMs('i.last_used_at')} as used_ms`;

const readApiKey = (row: ApiKeyColumns): ApiKeyView => ({
  apiKeyId: row.api_key_id,
  name: row.name,
  scopes: row.scopes,
  hint: row.hint,
  createdAt: fromMs(Number(row.created_ms)),
  expiresAt: instantOf(row.expires_ms),
  revokedAt: instantOf(row.revoked_ms),
  lastUsedAt: instantOf(row.used_ms),
});

const instantOf = (ms: string | null): Instant | null => (ms === null ? null : fromMs(Number(ms)));
