import { revokeStoredApiKey } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ApiKeyNeeds, type ChangedApiKey, sendApiKeyCommand, withLastUse } from './own-api-key.ts';
import { eraseAddresses, type OrganizationRequest } from './send-to-organization.ts';

/** Revokes an API key for good. */
export const revokeApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  apiKeyId: string,
): Promise<ChangedApiKey | Refusal> => {
  const { organizationId } = request.caller;
  const revoked = await sendApiKeyCommand(needs, request, { type: 'RevokeApiKey', data: { apiKeyId } });
  if (isRefusal(revoked)) return revoked;
  const { revokedAt } = revoked.view;
  // Every process refuses the key from now on, even before the event is projected.
  if (revokedAt !== null)
    await asTenant(needs.pool, organizationId, (db) => revokeStoredApiKey(db, apiKeyId, revokedAt), {
      readOnly: false,
    });
  needs.forgetApiKey(apiKeyId);
  await eraseAddresses(needs.pool, organizationId, revoked);
  return withLastUse(needs, request, revoked);
};
