import { encodeId } from '../../domain/ids.ts';
import type { Scope } from '../../domain/organization/events.ts';
import type { ApiKey, CreatedOrganization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { apiKeyLastUsedAt, revokeStoredApiKey } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { takeAway } from './block-until-projected.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  partOf,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';
import { withStoredApiKey } from './stored-api-key.ts';

/** `forgetApiKey` makes this process notice at once what it has changed; others do within 30 seconds. */
export type ApiKeyNeeds = OrganizationCommandNeeds & {
  readonly secrets: Secrets;
  readonly forgetApiKey: (apiKeyId: string) => void;
};

/** An API key to create. `expiresAt` null: never. */
export type NewApiKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Instant | null;
};

/** An API key as its organization has it. */
export type OwnApiKey = ApiKey & { readonly apiKeyId: string };

/** An API key after a change. */
export type ChangedApiKey = ChangedOrganization<OwnApiKey> & { readonly lastUsedAt: Instant | null };

/** Creates an API key of the caller's organization. `apiKey` is stored nowhere. */
export const createApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  key: NewApiKey,
): Promise<(ChangedOrganization<OwnApiKey> & { readonly apiKey: string }) | Refusal> => {
  const { organizationId } = request.caller;
  const { commandId, whenOnly } = request.attempt;
  const at = needs.now();
  const apiKeyId = encodeId('key', aggregateId(commandId, 'api key'));
  const place = { commandId, organizationId, apiKeyId, whenOnly };
  const { made, apiKey } = await withStoredApiKey(needs.pool, needs.secrets, place, ({ hint }) =>
    sendToOrganization(needs, request, {
      at,
      commandsOn: () => [{ type: 'CreateApiKey', data: { ...key, apiKeyId, hint } }],
      view: (organization) => keyOf(organization, apiKeyId),
    }),
  );
  return isRefusal(made) ? made : { ...made, apiKey };
};

/** Renames an API key or changes its scopes. What is null stays as it is. */
export const changeApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  change: { readonly apiKeyId: string; readonly name: string | null; readonly scopes: readonly Scope[] | null },
): Promise<ChangedApiKey | Refusal> => {
  const { apiKeyId } = change;
  const changed = await send(needs, request, { type: 'ChangeApiKey', data: change });
  if (isRefusal(changed)) return changed;
  await takeAway(needs.pool, request.caller.organizationId, changed.position);
  // Until then it would only be remembered again.
  request.call.onceReadable(changed.position, () => needs.forgetApiKey(apiKeyId));
  return withLastUse(needs, request, changed);
};

/** Revokes an API key for good. */
export const revokeApiKey = async (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  apiKeyId: string,
): Promise<ChangedApiKey | Refusal> => {
  const { organizationId } = request.caller;
  const revoked = await send(needs, request, { type: 'RevokeApiKey', data: { apiKeyId } });
  if (isRefusal(revoked)) return revoked;
  const { revokedAt } = revoked.view;
  // There before the event is projected, so that no process lets the key in any more.
  if (revokedAt !== null)
    await asTenant(needs.pool, organizationId, (db) => revokeStoredApiKey(db, apiKeyId, revokedAt), {
      readOnly: false,
    });
  needs.forgetApiKey(apiKeyId);
  return withLastUse(needs, request, revoked);
};

const send = (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  command: Extract<Unsent, { type: 'ChangeApiKey' | 'RevokeApiKey' }>,
): Promise<ChangedOrganization<OwnApiKey> | Refusal> =>
  sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [command],
    view: (organization) => keyOf(organization, command.data.apiKeyId),
  });

const withLastUse = async (
  { pool }: ApiKeyNeeds,
  { caller }: OrganizationRequest,
  changed: ChangedOrganization<OwnApiKey>,
): Promise<ChangedApiKey> => {
  const { apiKeyId } = changed.view;
  const lastUsedAt = await asTenant(pool, caller.organizationId, (db) => apiKeyLastUsedAt(db, apiKeyId), {
    readOnly: false,
  });
  return { ...changed, lastUsedAt };
};

const keyOf = ({ apiKeys }: CreatedOrganization, id: string): OwnApiKey => ({ ...partOf(apiKeys, id), apiKeyId: id });
