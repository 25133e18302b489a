import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Scope } from '../../domain/organization/events.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { withStoredApiKey } from '../organizations/stored-api-key.ts';
import { type BootstrapNeeds, bootstrapContext } from './bootstrap-context.ts';

type Needs = BootstrapNeeds & { readonly pool: Pool; readonly secrets: Secrets };

/** The API key to create. Its text follows from the command id (a UUID). */
export type NewApiKey = {
  readonly commandId: string;
  readonly organizationId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
};

/**
 * Creates an API key for an organization. A retry with the same command id returns the same key. The returned `apiKey` is
 * stored nowhere.
 */
export const bootstrapApiKey = async (
  { executor, pool, secrets, now }: Needs,
  { commandId, organizationId, name, scopes }: NewApiKey,
): Promise<{ readonly apiKeyId: string; readonly apiKey: string; readonly position: bigint }> => {
  const apiKeyId = encodeId('key', aggregateId(commandId, 'api key'));
  const place = { commandId, organizationId, apiKeyId };
  const at = now();
  const { recorded, apiKey } = await withStoredApiKey(pool, secrets, place, ({ hint }) =>
    executor.execute(
      organizationAggregate,
      organizationId,
      toDecide(organizationAggregate, {
        type: 'CreateApiKey',
        at,
        by: { type: 'SYSTEM' },
        data: { apiKeyId, name, scopes, hint, expiresAt: null },
      }),
      { context: bootstrapContext(commandId, 'createApiKey', at), view: () => null },
    ),
  );
  if ('rejected' in recorded) throw new Error(`The API key was not created: ${recorded.detail}`);
  return { apiKeyId, apiKey, position: recorded.position.commit };
};
