import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Scope } from '../domain/organization/events.ts';
import { onceCurrent, type Standing, type UntilProjected } from './access-changes.ts';
import { isApiKey, parseApiKey } from './api-key.ts';
import type { Secrets } from './secrets.ts';

/** Whose credential a request carries and what it may do. */
export type ApiKeyIdentity = {
  readonly kind: 'apiKey';
  readonly apiKeyId: string;
  readonly organizationId: string;
  readonly scopes: readonly Scope[];
};

/**
 * Who an API key belongs to; null for anything that is not a key in force; 'behind': what it may do cannot be read yet.
 * `afresh`: whatever is remembered of it.
 */
export type AuthenticateApiKey = (text: string, how?: 'afresh') => Promise<ApiKeyIdentity | 'behind' | null>;

/** What checks API keys, and forgets at once what this process knows to have changed. */
export type ApiKeyAuthentication = {
  readonly authenticate: AuthenticateApiKey;
  /** Looks a key up anew at its next request: it was revoked, or has other scopes. */
  readonly forget: (apiKeyId: string) => void;
};

const cachedMsMax = 30_000;
const cachedKeysMax = 10_000;

// A use is noted at most this often for a key, by this process and by Postgres.
const notedEveryMs = 60_000;

type Remembered = {
  readonly identity: ApiKeyIdentity;
  /** By the clock that nobody sets. */
  readonly untilMs: number;
  /** When the key ends, by the other one. */
  readonly expiresMs: number;
};

type Needs = {
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly nowMs: () => number;
  /** Measures how long something is remembered: a clock that nobody sets. */
  readonly elapsedMs?: () => number;
  readonly untilProjected: UntilProjected;
  /** Receives why the use of a key could not be noted; its request goes on. */
  readonly onError: (error: unknown) => void;
};

type Row = Standing & {
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
 * When a key was last used is noted beside the request, at most once a minute.
 */
export const createAuthenticate = ({
  pool,
  secrets,
  nowMs,
  elapsedMs = () => performance.now(),
  untilProjected,
  onError,
}: Needs): ApiKeyAuthentication => {
  const cached = new LRUCache<string, Remembered>({ max: cachedKeysMax });
  const notedMs = new LRUCache<string, number>({ max: cachedKeysMax });
  // Counts what was forgotten, so that a look-up which began before does not bring it back.
  let forgotten = 0;

  const noteUse = ({ apiKeyId, organizationId }: ApiKeyIdentity, usedMs: number): void => {
    if (usedMs < (notedMs.get(apiKeyId) ?? Number.NEGATIVE_INFINITY) + notedEveryMs) return;
    notedMs.set(apiKeyId, usedMs);
    const values = [apiKeyId, organizationId, new Date(usedMs)];
    const noted = pool.query({
      name: 'note-api-key-use',
      text: 'select identity.note_api_key_use($1, $2, $3)',
      values,
    });
    noted.catch(onError);
  };

  const lookUp = async (text: string, lookupId: string): Promise<Row | undefined> => {
    const { rows } = await pool.query<Row>({
      name: 'identity-authenticate',
      text: `select api_key_id, org_id, hash, secret_id, scopes, revoked, closed, expires_ms, is_behind, behind_at
        from identity.authenticate($1)`,
      values: [lookupId],
    });
    return rows.find(({ hash, secret_id: secretId }) => isApiKey(secrets, text, { hash, secretId }));
  };

  const authenticate: AuthenticateApiKey = async (text, how) => {
    const key = parseApiKey(text);
    if (key === null) return null;
    const digest = createHash('sha256').update(text).digest('base64');
    const hit = cached.get(digest);
    if (hit !== undefined && how !== 'afresh' && elapsedMs() < hit.untilMs && nowMs() < hit.expiresMs)
      return hit.identity;
    cached.delete(digest);

    const forgottenBefore = forgotten;
    const beganMs = elapsedMs();
    const row = await onceCurrent(() => lookUp(text, key.lookupId), untilProjected);
    if (row === undefined || row.revoked) return null;
    if (row.is_behind) return 'behind';
    if (row.closed || row.scopes === null) return null;
    const now = nowMs();
    const expiresMs = row.expires_ms === null ? Number.POSITIVE_INFINITY : Number(row.expires_ms);
    if (now >= expiresMs) return null;
    const { api_key_id: apiKeyId, org_id: organizationId, scopes } = row;
    const identity: ApiKeyIdentity = { kind: 'apiKey', apiKeyId, organizationId, scopes };
    noteUse(identity, now);
    if (forgotten === forgottenBefore) cached.set(digest, { identity, untilMs: beganMs + cachedMsMax, expiresMs });
    return identity;
  };

  const forget = (apiKeyId: string): void => {
    forgotten += 1;
    for (const [digest, { identity }] of [...cached]) if (identity.apiKeyId === apiKeyId) cached.delete(digest);
  };
  return { authenticate, forget };
};
