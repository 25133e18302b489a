import type { ApiKey, CreatedOrganization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { apiKeysLastUsedAt } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { Refusal } from '../refusal.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  partOf,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';

/** `forgetApiKey` makes this process notice a change immediately. Other processes notice it within 2 seconds. */
export type ApiKeyNeeds = OrganizationCommandNeeds & {
  readonly secrets: Secrets;
  readonly forgetApiKey: (apiKeyId: string) => void;
};

/**
 * An API key of the caller's organization, with the secret before its last rotation and the end of its overlap, if any.
 */
export type OwnApiKey = ApiKey & {
  readonly apiKeyId: string;
  readonly previousHint: string | null;
  readonly overlapUntil: Instant | null;
};

/** An API key right after a change. */
export type ChangedApiKey = ChangedOrganization<OwnApiKey> & { readonly lastUsedAt: Instant | null };

/** Sends a command about an existing API key to the caller's organization. */
export const sendApiKeyCommand = (
  needs: ApiKeyNeeds,
  request: OrganizationRequest,
  command: Extract<Unsent, { type: 'ChangeApiKey' | 'RotateApiKey' | 'EndApiKeyOverlap' | 'RevokeApiKey' }>,
): Promise<ChangedOrganization<OwnApiKey> | Refusal> =>
  sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [command],
    aboutAccess: true,
    view: (organization) => apiKeyIn(organization, command.data.apiKeyId),
  });

/** Returns an API key of an organization. Throws when the organization does not have it. */
export const apiKeyIn = ({ apiKeys }: CreatedOrganization, apiKeyId: string): OwnApiKey => {
  const key = partOf(apiKeys, apiKeyId);
  const { hint = null, overlapUntil = null } = key.previous ?? {};
  return { ...key, apiKeyId, previousHint: hint, overlapUntil };
};

/** Adds to a changed API key when it was last used, which is not an event. */
export const withLastUse = async (
  { pool }: ApiKeyNeeds,
  { caller }: OrganizationRequest,
  changed: ChangedOrganization<OwnApiKey>,
): Promise<ChangedApiKey> => {
  const { apiKeyId } = changed.view;
  const used = await asTenant(pool, caller.organizationId, (db) => apiKeysLastUsedAt(db, [apiKeyId]), {
    readOnly: false,
  });
  return { ...changed, lastUsedAt: used.get(apiKeyId) ?? null };
};
