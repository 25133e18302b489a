import type { Pool, PoolClient } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { type ApiKey, createApiKeyText, hashApiKey } from '../../identity/api-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { removeStoredApiKey, storeApiKey } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { claimReferences, dropReferences } from '../../records/vault-references.ts';
import type { Attempt } from '../attempt.ts';

/** Which key of which organization, and by which command it comes to be: the key's text follows from that. */
export type ApiKeyPlace = {
  readonly commandId: string;
  readonly organizationId: string;
  readonly apiKeyId: string;
  /** As an attempt has it; absent: another one may always be under way. */
  readonly whenOnly?: Attempt['whenOnly'];
};

/**
 * Has the creation of an API key recorded by `record`. Its hash is stored before, so that a key that the log knows
 * always works. Where the creation is refused, it is taken back as personal values are. The same command id gives the
 * same key again, also when another secret signs by now. `apiKey` is not kept anywhere.
 */
export const withStoredApiKey = async <Made extends object>(
  pool: Pool,
  secrets: Secrets,
  { commandId, organizationId, apiKeyId, whenOnly }: ApiKeyPlace,
  record: (key: ApiKey) => Promise<Made>,
): Promise<{ readonly made: Made; readonly apiKey: string }> => {
  const fresh = createApiKeyText(secrets, commandId);
  const stored = await asTenant(
    pool,
    organizationId,
    async (db) => {
      await claimReferences(db, { issuerOrgId: organizationId, stream: organizationAggregate.stream(organizationId) }, [
        apiKeyId,
      ]);
      return storeApiKey(db, {
        ...{ apiKeyId, organizationId, lookupId: fresh.lookupId },
        ...hashApiKey(secrets, fresh.text),
      });
    },
    { readOnly: false },
  );
  const key = secrets.all
    .map((signing) => createApiKeyText({ ...secrets, signing }, commandId))
    .find(({ lookupId }) => lookupId === stored.lookupId);
  if (key === undefined)
    throw new Error(`The API key ${apiKeyId} was made with a secret that is not configured any more.`);
  const made = await record(key);
  const isRefused = 'rejected' in made;
  const takeBack = async (db: PoolClient) => {
    await dropReferences(db, [apiKeyId]);
    await removeStoredApiKey(db, apiKeyId);
  };
  if (isRefused && stored.isNew) await whenOnly?.(organizationId, takeBack);
  return { made, apiKey: key.text };
};
