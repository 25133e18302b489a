import { encodeId } from '../../domain/ids.ts';
import type { Scope } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { refuseProductsOfKey } from '../catalog/refuse-products-of-key.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ApiKeyNeeds, apiKeyIn, type OwnApiKey } from './own-api-key.ts';
import { type ChangedOrganization, type OrganizationRequest, sendToOrganization } from './send-to-organization.ts';
import { withStoredApiKey } from './stored-api-key.ts';

/** A new API key. A key with `expiresAt: null` never expires. */
export type NewApiKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Instant | null;
  /** The codes of the only products that the key reaches; null: all. */
  readonly products: readonly string[] | null;
};

/** Creates an API key of the caller's organization. The returned `apiKey` is stored nowhere. */
export const createApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  key: NewApiKey,
): Promise<(ChangedOrganization<OwnApiKey> & { readonly apiKey: string }) | Refusal> => {
  const { organizationId } = request.caller;
  const { commandId, whenOnly } = request.attempt;
  const { products } = key;
  const unknown = await refuseProductsOfKey(needs.executor, { organizationId, apiKeyId: null, products });
  if (unknown !== null) return unknown;
  const at = needs.now();
  const apiKeyId = encodeId('key', aggregateId(commandId, 'api key'));
  const place = { commandId, organizationId, apiKeyId, whenOnly };
  const { recorded, apiKey } = await withStoredApiKey(needs.pool, needs.secrets, place, ({ hint }) =>
    sendToOrganization(needs, request, {
      at,
      commandsOn: () => [{ type: 'CreateApiKey', data: { ...key, apiKeyId, hint } }],
      view: (organization) => apiKeyIn(organization, apiKeyId),
    }),
  );
  return isRefusal(recorded) ? recorded : { ...recorded, apiKey };
};
