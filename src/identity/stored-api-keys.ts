import type { PoolClient } from 'pg';
import type { Instant } from '../domain/time.ts';

/** The stored row of an API key: its hash, never its text. */
export type StoredApiKey = {
  readonly apiKeyId: string;
  /** The eight visible characters of the key. */
  readonly lookupId: string;
  readonly organizationId: string;
  readonly hash: Buffer;
  /** The id of the secret that the hash was computed with. */
  readonly secretId: string;
};

/**
 * Stores a key before its event is appended, so that every key of the log works. Does not change an existing key of
 * this id. Returns the stored look-up id. `isNew` is false when the key existed. Call it as the tenant.
 */
export const storeApiKey = async (
  db: PoolClient,
  { apiKeyId, lookupId, organizationId, hash, secretId }: StoredApiKey,
): Promise<{ readonly lookupId: string; readonly isNew: boolean }> => {
  const { rowCount } = await db.query({
    name: 'store-api-key',
    text: `insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id)
      values ($1, $2, $3, $4, $5) on conflict (api_key_id) do nothing`,
    values: [apiKeyId, lookupId, organizationId, hash, secretId],
  });
  if (rowCount === 1) return { lookupId, isNew: true };
  const { rows } = await db.query<{ lookup_id: string }>({
    name: 'stored-api-key',
    text: 'select lookup_id from identity.api_keys where api_key_id = $1',
    values: [apiKeyId],
  });
  const [stored] = rows;
  if (stored === undefined) throw new Error(`The API key ${apiKeyId} could not be stored and does not exist.`);
  return { lookupId: stored.lookup_id, isNew: false };
};

/** The stored row of a secret that a rotation gives to a key: its hash, never its text. */
export type StoredSecret = StoredApiKey & { readonly secretRef: string };

/**
 * Stores a secret before the event of its rotation is appended. It works after the event only. Does not change an
 * existing secret of this reference. Returns as `storeApiKey`. Call it as the tenant.
 */
export const storeApiKeySecret = async (
  db: PoolClient,
  { secretRef, apiKeyId, lookupId, organizationId, hash, secretId }: StoredSecret,
): Promise<{ readonly lookupId: string; readonly isNew: boolean }> => {
  const { rowCount } = await db.query({
    name: 'store-api-key-secret',
    text: `insert into identity.api_key_secrets (secret_ref, api_key_id, lookup_id, issuer_org_id, hash, secret_id)
      values ($1, $2, $3, $4, $5, $6) on conflict (secret_ref) do nothing`,
    values: [secretRef, apiKeyId, lookupId, organizationId, hash, secretId],
  });
  if (rowCount === 1) return { lookupId, isNew: true };
  const { rows } = await db.query<{ lookup_id: string }>({
    name: 'stored-api-key-secret',
    text: 'select lookup_id from identity.api_key_secrets where secret_ref = $1',
    values: [secretRef],
  });
  const [stored] = rows;
  if (stored === undefined) throw new Error(`The secret ${secretRef} could not be stored and does not exist.`);
  return { lookupId: stored.lookup_id, isNew: false };
};

/** Removes a secret after its rotation was refused, or after it has ended. Call it as the tenant. */
export const removeStoredSecret = async (db: PoolClient, secretRef: string): Promise<void> => {
  await db.query({
    name: 'remove-stored-api-key-secret',
    text: 'delete from identity.api_key_secrets where secret_ref = $1',
    values: [secretRef],
  });
};

/** Returns when keys were last used, without unused and unknown keys. Call it as the tenant. */
export const apiKeysLastUsedAt = async (
  db: PoolClient,
  apiKeyIds: readonly string[],
): Promise<ReadonlyMap<string, Instant>> => {
  const { rows } = await db.query<{ api_key_id: string; last_used_at: Date }>({
    name: 'api-keys-last-used',
    text: `select api_key_id, last_used_at from identity.api_keys
      where api_key_id = any($1) and last_used_at is not null`,
    values: [apiKeyIds],
  });
  return new Map(rows.map(({ api_key_id, last_used_at }) => [api_key_id, last_used_at.toISOString()]));
};

/**
 * Revokes a key at once, before its event is projected, and removes the secrets of its rotations. The first instant
 * stays. Call it as the tenant.
 */
export const revokeStoredApiKey = async (db: PoolClient, apiKeyId: string, at: Instant): Promise<void> => {
  await db.query({
    name: 'revoke-stored-api-key',
    text: 'update identity.api_keys set revoked_at = $2 where api_key_id = $1 and revoked_at is null',
    values: [apiKeyId, at],
  });
  await db.query({
    name: 'remove-stored-api-key-secrets',
    text: 'delete from identity.api_key_secrets where api_key_id = $1',
    values: [apiKeyId],
  });
};

/** Removes a key after its creation was refused. Call it as the tenant. */
export const removeStoredApiKey = async (db: PoolClient, apiKeyId: string): Promise<void> => {
  await db.query({
    name: 'remove-stored-api-key',
    text: 'delete from identity.api_keys where api_key_id = $1',
    values: [apiKeyId],
  });
};
