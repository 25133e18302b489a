import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Scope } from '../domain/organization/events.ts';
import { isApiKey, parseApiKey } from './api-key.ts';
import type { Secrets } from './secrets.ts';

/** Whose credential a request carries and what it may do. */
export type ApiKeyIdentity = {
  readonly kind: 'apiKey';
  readonly apiKeyId: string;
  readonly organizationId: string;
  readonly scopes: readonly Scope[];
};

/** Who an API key belongs to; null for anything that is not a key in force. */
export type AuthenticateApiKey = (text: string) => Promise<ApiKeyIdentity | null>;

const cachedMsMax = 30_000;
const cachedKeysMax = 10_000;

type Needs = { readonly pool: Pool; readonly secrets: Secrets; readonly nowMs: () => number };

type Row = {
  readonly api_key_id: string;
  readonly org_id: string;
  readonly hash: Buffer;
  readonly secret_id: string;
  /** Null while the key is not projected yet. */
  readonly scopes: readonly Scope[] | null;
  readonly revoked: boolean;
  /** The organization was closed. */
  readonly closed: boolean;
  /** Milliseconds since 1970; null: never. */
  readonly expires_ms: string | null;
};

/**
 * Checks API keys against `identity.api_keys`. A good answer is remembered for 30 seconds, which is how long a revoked key
 * or one of a closed organization may still work, never beyond the key's own end; a bad one never is. Only hashes of keys are kept in memory.
 */
export const createAuthenticate = ({ pool, secrets, nowMs }: Needs): AuthenticateApiKey => {
  const cached = new Map<string, { readonly identity: ApiKeyIdentity; readonly untilMs: number }>();

  return async (text) => {
    const key = parseApiKey(text);
    if (key === null) return null;
    const digest = createHash('sha256').update(text).digest('base64');
    const hit = cached.get(digest);
    if (hit !== undefined && nowMs() < hit.untilMs) return hit.identity;
    cached.delete(digest);

    const { rows } = await pool.query<Row>({
      name: 'identity-authenticate',
      text: 'select api_key_id, org_id, hash, secret_id, scopes, revoked, closed, expires_ms from identity.authenticate($1)',
      values: [key.lookupId],
    });
    const row = rows.find(({ hash, secret_id: secretId }) => isApiKey(secrets, text, { hash, secretId }));
    if (row === undefined || row.revoked || row.closed || row.scopes === null) return null;
    const now = nowMs();
    const expiresMs = row.expires_ms === null ? Number.POSITIVE_INFINITY : Number(row.expires_ms);
    if (now >= expiresMs) return null;
    const { api_key_id: apiKeyId, org_id: organizationId, scopes } = row;
    const identity = { kind: 'apiKey', apiKeyId, organizationId, scopes } as const;
    if (cached.size >= cachedKeysMax) for (const oldest of cached.keys()) if (cached.delete(oldest)) break;
    cached.set(digest, { identity, untilMs: Math.min(now + cachedMsMax, expiresMs) });
    return identity;
  };
};
