import { encodeId } from '../../domain/ids.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type ApiKeyNeeds, type ChangedApiKey, sendApiKeyCommand, withLastUse } from './own-api-key.ts';
import type { OrganizationRequest } from './send-to-organization.ts';
import { withStoredApiKey } from './stored-api-key.ts';

/** A rotation of an API key. The previous secret works for another `overlapSeconds`. */
export type ApiKeyRotation = { readonly apiKeyId: string; readonly overlapSeconds: number };

/**
 * Gives an API key a new secret, which is stored nowhere. The previous secret works until the overlap ends, and one
 * from before it ends at once.
 */
export const rotateApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  { apiKeyId, overlapSeconds }: ApiKeyRotation,
): Promise<(ChangedApiKey & { readonly apiKey: string }) | Refusal> => {
  const { organizationId } = request.caller;
  const { commandId, whenOnly } = request.attempt;
  const secretRef = encodeId('ref', aggregateId(commandId, 'api key secret'));
  const place = { commandId, organizationId, apiKeyId, secretRef, whenOnly };
  const { recorded, apiKey } = await withStoredApiKey(needs.pool, needs.secrets, place, ({ hint }) =>
    sendApiKeyCommand(needs, request, { type: 'RotateApiKey', data: { apiKeyId, secretRef, hint, overlapSeconds } }),
  );
  if (isRefusal(recorded)) return recorded;
  await blockUntilProjected(needs.pool, organizationId, recorded.position);
  // Before the read models contain the rotation, this process would only remember the old secret again.
  request.call.onceReadable(recorded.position, () => needs.forgetApiKey(apiKeyId));
  return { ...(await withLastUse(needs, request, recorded)), apiKey };
};
