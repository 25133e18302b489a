import type { Pool, PoolClient } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { type ApiKey, createApiKeyText, hashApiKey } from '../../identity/api-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import {
  removeStoredApiKey,
  removeStoredSecret,
  storeApiKey,
  storeApiKeySecret,
} from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { claimReferences, dropReferences } from '../../records/vault-references.ts';
import type { Attempt } from '../idempotent-attempt.ts';

/** The place of an API key. The text of the key follows from the command id. */
export type ApiKeyPlace = {
  readonly commandId: string;
  readonly organizationId: string;
  readonly apiKeyId: string;
  /** The reference of a secret that replaces the one of an existing key. Absent: the key is new. */
  readonly secretRef?: string;
  /** `whenOnly` of the attempt. Without it another attempt may always be under way. */
  readonly whenOnly?: Attempt['whenOnly'];
};

/**
 * Stores the hash of a new API key or secret and calls `record`, which appends the event of its creation or rotation.
 * The hash is stored first, so that every key in the log works. When it is refused, the hash is removed like a personal
 * value. The same command id returns the same key, also after another secret has become the signing one. `apiKey` is
 * stored nowhere.
 */
export const withStoredApiKey = async <Recorded extends object>(
  pool: Pool,
  secrets: Secrets,
  { commandId, organizationId, apiKeyId, secretRef, whenOnly }: ApiKeyPlace,
  record: (key: ApiKey) => Promise<Recorded>,
): Promise<{ readonly recorded: Recorded; readonly apiKey: string }> => {
  const fresh = createApiKeyText(secrets, commandId);
  const ref = secretRef ?? apiKeyId;
  const stored = await asTenant(
    pool,
    organizationId,
    async (db) => {
      const stream = organizationAggregate.stream(organizationId);
      await claimReferences(db, { issuerOrgId: organizationId, stream }, [ref]);
      const key = { apiKeyId, organizationId, lookupId: fresh.lookupId, ...hashApiKey(secrets, fresh.text) };
      return secretRef === undefined ? storeApiKey(db, key) : storeApiKeySecret(db, { ...key, secretRef });
    },
    { readOnly: false },
  );
  const key = secrets.all
    .map((signing) => createApiKeyText({ ...secrets, signing }, commandId))
    .find(({ lookupId }) => lookupId === stored.lookupId);
  if (key === undefined)
    throw new Error(`The API key or secret ${ref} was created with a secret that is no longer configured.`);
  const recorded = await record(key);
  const remove = async (db: PoolClient) => {
    await dropReferences(db, [ref]);
    await (secretRef === undefined ? removeStoredApiKey(db, apiKeyId) : removeStoredSecret(db, secretRef));
  };
  if ('rejected' in recorded && stored.isNew) await whenOnly?.(organizationId, remove);
  return { recorded, apiKey: key.text };
};
