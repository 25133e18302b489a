import type { PoolClient } from 'pg';
import type { Instant } from '../domain/time.ts';

/** An API key as it is stored: its hash, never its text. */
export type StoredApiKey = {
  readonly apiKeyId: string;
  /** The eight visible characters of the key. */
  readonly lookupId: string;
  readonly organizationId: string;
  readonly hash: Buffer;
  /** Which secret made the hash. */
  readonly secretId: string;
};

/** Stores a key before the event that makes it known, so that a key of the log always works. Again changes nothing. As its tenant. */
export const storeApiKey = async (
  db: PoolClient,
  { apiKeyId, lookupId, organizationId, hash, secretId }: StoredApiKey,
): Promise<void> => {
  await db.query({
    name: 'store-api-key',
    text: `insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id)
      values ($1, $2, $3, $4, $5) on conflict do nothing`,
    values: [apiKeyId, lookupId, organizationId, hash, secretId],
  });
};

/** Puts a key out of force at once, before the event that says so is projected. The first instant stays. As its tenant. */
export const revokeStoredApiKey = async (db: PoolClient, apiKeyId: string, at: Instant): Promise<void> => {
  await db.query({
    name: 'revoke-stored-api-key',
    text: 'update identity.api_keys set revoked_at = $2 where api_key_id = $1 and revoked_at is null',
    values: [apiKeyId, at],
  });
};

/** Takes a key back whose creation was refused. As its tenant. */
export const removeStoredApiKey = async (db: PoolClient, apiKeyId: string): Promise<void> => {
  await db.query({
    name: 'remove-stored-api-key',
    text: 'delete from identity.api_keys where api_key_id = $1',
    values: [apiKeyId],
  });
};
