import { keysCreatedBy } from '../../domain/organization/decide-api-keys.ts';
import { apiKeyLastUsedAt, revokeStoredApiKey } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ApiKeyView } from '../../projections/tables/api-keys.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type MemberNeeds, sendMemberCommand } from './member-command.ts';
import { type ApiKeyNeeds, apiKeyIn, type OwnApiKey } from './own-api-key.ts';
import type { ChangedOrganization, OrganizationRequest } from './send-to-organization.ts';

/** The member to remove, and whether to revoke the API keys that the member created. */
export type Removal = { readonly userId: string; readonly revokeKeys: boolean };

/** Removes a member. One OWNER who can sign in stays. Returns the API keys that the member created. */
export const removeMember = async (
  needs: MemberNeeds & ApiKeyNeeds,
  request: OrganizationRequest,
  { userId, revokeKeys }: Removal,
): Promise<ChangedOrganization<readonly ApiKeyView[]> | Refusal> => {
  const removed = await sendMemberCommand(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'RemoveMember', data: { userId, deactivated, revokeKeys } }),
    view: (organization) => keysCreatedBy(organization, userId).map((apiKeyId) => apiKeyIn(organization, apiKeyId)),
  });
  if (isRefusal(removed)) return removed;
  return { ...removed, view: await withUse(needs, request.caller.organizationId, removed.view) };
};

// Every process refuses a revoked key from now on, even before the event is projected.
const withUse = async (needs: ApiKeyNeeds, organizationId: string, keys: readonly OwnApiKey[]) => {
  if (keys.length === 0) return [];
  const used = await asTenant(
    needs.pool,
    organizationId,
    async (db) => {
      const views: ApiKeyView[] = [];
      for (const key of keys) {
        if (key.revokedAt !== null) await revokeStoredApiKey(db, key.apiKeyId, key.revokedAt);
        views.push({ ...key, lastUsedAt: await apiKeyLastUsedAt(db, key.apiKeyId) });
      }
      return views;
    },
    { readOnly: false },
  );
  for (const { apiKeyId, revokedAt } of keys) if (revokedAt !== null) needs.forgetApiKey(apiKeyId);
  return used;
};
