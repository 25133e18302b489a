import { removeStoredSecret } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type ApiKeyNeeds, type ChangedApiKey, sendApiKeyCommand, withLastUse } from './own-api-key.ts';
import type { OrganizationRequest } from './send-to-organization.ts';

/** Ends the previous secret of an API key before the end of its overlap. The current secret stays. */
export const endApiKeyOverlap = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  apiKeyId: string,
): Promise<ChangedApiKey | Refusal> => {
  const { organizationId } = request.caller;
  const ended = await sendApiKeyCommand(needs, request, { type: 'EndApiKeyOverlap', data: { apiKeyId } });
  if (isRefusal(ended)) return ended;
  await blockUntilProjected(needs.pool, organizationId, ended.position);
  // Before the read models contain the end, this process would only remember the previous secret again.
  request.call.onceReadable(ended.position, () => needs.forgetApiKey(apiKeyId));
  const { overlapUntil, previous } = ended.view;
  const ref = previous?.secret?.ref ?? null;
  if (overlapUntil === null && ref !== null)
    await asTenant(needs.pool, organizationId, (db) => removeStoredSecret(db, ref), { readOnly: false });
  return withLastUse(needs, request, ended);
};
