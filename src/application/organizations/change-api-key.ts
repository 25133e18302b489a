import type { Scope } from '../../domain/organization/events.ts';
import { refuseProductsOfKey } from '../catalog/refuse-products-of-key.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type ApiKeyNeeds, type ChangedApiKey, sendApiKeyCommand, withLastUse } from './own-api-key.ts';
import { eraseAddresses, type OrganizationRequest } from './send-to-organization.ts';

/** A change of an API key. Null in `name` or `scopes` leaves them as they are. */
export type ApiKeyChange = {
  readonly apiKeyId: string;
  readonly name: string | null;
  readonly scopes: readonly Scope[] | null;
  /** Undefined: they stay. Null: the key reaches all. */
  readonly products: readonly string[] | null | undefined;
};

/** Renames an API key or changes its scopes or products. */
export const changeApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  change: ApiKeyChange,
): Promise<ChangedApiKey | Refusal> => {
  const { organizationId } = request.caller;
  const unknown = await refuseProductsOfKey(needs.executor, { organizationId, ...change });
  if (unknown !== null) return unknown;
  const changed = await sendApiKeyCommand(needs, request, { type: 'ChangeApiKey', data: dataOf(change) });
  if (isRefusal(changed)) return changed;
  await blockUntilProjected(needs.pool, organizationId, changed.position);
  // Before the read models contain the change, this process would only remember the old scopes again.
  request.call.onceReadable(changed.position, () => needs.forgetApiKey(change.apiKeyId));
  await eraseAddresses(needs.pool, organizationId, changed);
  return withLastUse(needs, request, changed);
};

const dataOf = ({ products, ...kept }: ApiKeyChange) => (products === undefined ? kept : { ...kept, products });
