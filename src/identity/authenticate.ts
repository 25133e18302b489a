import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Scope } from '../domain/organization/events.ts';
import { type AccessState, readWhenCurrent, type UntilProjected } from './access/access-changes.ts';
import { type AccessNotices, subjectsOf } from './access/access-notices.ts';
import { type ApiKey, isApiKey, parseApiKey } from './api-key.ts';
import { createCredentialReads } from './credential-reads.ts';
import type { Secrets } from './secrets.ts';

/** The API key of a request, its organization, its scopes and its products. */
export type ApiKeyIdentity = {
  readonly kind: 'apiKey';
  readonly apiKeyId: string;
  readonly organizationId: string;
  readonly scopes: readonly Scope[];
  /** The codes of the only products that the key reaches; null: all. */
  readonly products: readonly string[] | null;
};

/**
 * Returns the identity of an API key, null for any text that is not a valid key, or 'behind' when the read models do
 * not have its current rights yet. `afresh` ignores what is cached.
 */
export type AuthenticateApiKey = (text: string, how?: 'afresh') => Promise<ApiKeyIdentity | 'behind' | null>;

const cachedKeysMax = 10_000;

// The shortest interval between two notes of a key's use, in this process and in Postgres.
const notedEveryMs = 60_000;

type Remembered = {
  readonly identity: ApiKeyIdentity;
  /** When its rights were read, as `elapsedMs` counts. */
  readonly readMs: number;
  /** The end of the key, as `nowMs` counts. */
  readonly expiresMs: number;
};

type Needs = {
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly nowMs: () => number;
  /**
   * Returns elapsed milliseconds for the cache, like the clock of `notices`. They do not follow changes of the clock.
   */
  readonly elapsedMs?: () => number;
  readonly notices: Pick<AccessNotices, 'isCurrent'>;
  readonly untilProjected: UntilProjected;
  /** Receives the error when the use of a key could not be stored. The request continues. */
  readonly onError: (error: unknown) => void;
};

type Row = AccessState & {
  readonly api_key_id: string;
  readonly org_id: string;
  readonly hash: Buffer;
  readonly secret_id: string;
  /** Null while the key is not projected. */
  readonly scopes: readonly Scope[] | null;
  readonly products: readonly string[] | null;
  readonly revoked: boolean;
  /** True when the organization was closed. */
  readonly closed: boolean;
  /** The end of the key or of this secret, in milliseconds since 1970. Null: neither ends. */
  readonly expires_ms: string | null;
};

/**
 * Checks API keys against `identity.api_keys` and the secrets of rotations. A positive answer is cached while `notices`
 * says that it counts, and never beyond the key's end. The cache knows a key by the hash of its whole text. Refusals
 * are not cached, but requests that come during a read share it. The last use of a key is stored in the background, at
 * most once a minute.
 */
export const createAuthenticate = (needs: Needs): AuthenticateApiKey => {
  const { pool, secrets, nowMs, elapsedMs = () => performance.now(), untilProjected, notices } = needs;
  const cached = new LRUCache<string, Remembered>({ max: cachedKeysMax });
  const noteUse = createUseNotes(needs);
  const readOnce = createCredentialReads<ApiKeyIdentity | 'behind' | null>();

  const cachedIdentity = (digest: string): ApiKeyIdentity | null => {
    const hit = cached.get(digest);
    if (hit === undefined || nowMs() >= hit.expiresMs) return null;
    return notices.isCurrent(hit.readMs, subjectsOf(hit.identity)) ? hit.identity : null;
  };

  return async (text, how) => {
    const key = parseApiKey(text);
    if (key === null) return null;
    const digest = createHash('sha256').update(text).digest('base64');
    const readNow = async () => {
      cached.delete(digest);
      const readMs = elapsedMs();
      const row = await readWhenCurrent(() => readRow(pool, secrets, key), untilProjected);
      const now = nowMs();
      const result = judge(row, now);
      if (result === null || result === 'behind') return result;
      noteUse(result.identity, now);
      cached.set(digest, { ...result, readMs });
      return result.identity;
    };
    if (how === 'afresh') return readNow();
    return readOnce(digest, { remembered: () => cachedIdentity(digest), read: readNow, isPositive });
  };
};

const isPositive = (result: ApiKeyIdentity | 'behind' | null): boolean => result !== null && result !== 'behind';

/** Stores when keys were used, in the background. A failure goes to `onError`. */
const createUseNotes = ({ pool, onError }: Pick<Needs, 'pool' | 'onError'>) => {
  const notedMs = new LRUCache<string, number>({ max: cachedKeysMax });
  return ({ apiKeyId, organizationId }: ApiKeyIdentity, usedMs: number): void => {
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
};

const readRow = async (pool: Pool, secrets: Secrets, { text, lookupId }: ApiKey): Promise<Row | undefined> => {
  const { rows } = await pool.query<Row>({
    name: 'identity-authenticate-secret',
    text: `select api_key_id, org_id, hash, secret_id, scopes, products, revoked, closed, expires_ms, is_behind, behind_at
      from identity.authenticate_secret($1)`,
    values: [lookupId],
  });
  return rows.find(({ hash, secret_id: secretId }) => isApiKey(secrets, text, { hash, secretId }));
};

/** Returns the identity of a valid key and when the key expires, in milliseconds since 1970. */
const judge = (row: Row | undefined, nowMs: number): Omit<Remembered, 'readMs'> | 'behind' | null => {
  if (row === undefined || row.revoked) return null;
  if (row.is_behind) return 'behind';
  if (row.closed || row.scopes === null) return null;
  const expiresMs = row.expires_ms === null ? Number.POSITIVE_INFINITY : Number(row.expires_ms);
  if (nowMs >= expiresMs) return null;
  const { api_key_id: apiKeyId, org_id: organizationId, scopes, products } = row;
  return { identity: { kind: 'apiKey', apiKeyId, organizationId, scopes, products }, expiresMs };
};
