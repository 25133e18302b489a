import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { removeStoredSecret } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type ApiKeyNeeds, type ChangedApiKey, type OwnApiKey, sendApiKeyCommand, withLastUse } from './own-api-key.ts';
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
  const previousRef = await readPreviousRef(needs, organizationId, apiKeyId);
  const place = { commandId, organizationId, apiKeyId, secretRef, whenOnly };
  const { recorded, apiKey } = await withStoredApiKey(needs.pool, needs.secrets, place, ({ hint }) =>
    sendApiKeyCommand(needs, request, { type: 'RotateApiKey', data: { apiKeyId, secretRef, hint, overlapSeconds } }),
  );
  if (isRefusal(recorded)) return recorded;
  await blockUntilProjected(needs.pool, organizationId, recorded.position);
  // Before the read models contain the rotation, this process would only remember the old secret again.
  request.call.onceReadable(recorded.position, () => needs.forgetApiKey(apiKeyId));
  await removeEnded(needs, organizationId, recorded.view, [previousRef, secretRef]);
  return { ...(await withLastUse(needs, request, recorded)), apiKey };
};

/** Returns the reference of the secret before the current one, which the next rotation ends, or null. */
const readPreviousRef = ({ executor }: ApiKeyNeeds, organizationId: string, apiKeyId: string): Promise<string | null> =>
  executor.read(organizationAggregate, organizationId, (organization: Organization) =>
    organization.kind === 'created' ? (organization.apiKeys.get(apiKeyId)?.previous?.secret?.ref ?? null) : null,
  );

/**
 * Removes those of the secrets that have ended. Other stored secrets may belong to a rotation that is not recorded yet.
 * A late repetition stores the secret of its rotation again, and this removes it.
 */
const removeEnded = async (
  { pool }: ApiKeyNeeds,
  organizationId: string,
  { secret, previous, overlapUntil, revokedAt }: OwnApiKey,
  refs: readonly (string | null)[],
): Promise<void> => {
  const previousRef = overlapUntil === null ? undefined : previous?.secret?.ref;
  const working = revokedAt === null ? [secret?.ref, previousRef] : [];
  const ended = refs.filter((ref) => ref !== null).filter((ref) => !working.includes(ref));
  if (ended.length === 0) return;
  await asTenant(
    pool,
    organizationId,
    async (db) => {
      for (const ref of ended) await removeStoredSecret(db, ref);
    },
    { readOnly: false },
  );
};
