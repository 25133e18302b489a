import type { PoolClient } from 'pg';
import { keysCreatedBy } from '../../domain/organization/decide-api-keys.ts';
import type { Instant } from '../../domain/time.ts';
import { apiKeysLastUsedAt, revokeStoredApiKey } from '../../identity/stored-api-keys.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ApiKeyView } from '../../projections/tables/api-keys.ts';
import { removeMemberLabel } from '../../records/member-labels.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type MemberNeeds, sendMemberCommand } from './member-command.ts';
import { type ApiKeyNeeds, apiKeyIn, type OwnApiKey } from './own-api-key.ts';
import { type ChangedOrganization, eraseAddresses, type OrganizationRequest } from './send-to-organization.ts';

/** The member to remove, and whether to revoke the API keys that the member created. */
export type Removal = { readonly userId: string; readonly revokeKeys: boolean };

/**
 * Removes a member. One OWNER who can sign in stays. Returns the API keys that the member created, without those that
 * had ended before the member left.
 */
export const removeMember = async (
  needs: MemberNeeds & ApiKeyNeeds,
  request: OrganizationRequest,
  { userId, revokeKeys }: Removal,
): Promise<ChangedOrganization<readonly ApiKeyView[]> | Refusal> => {
  const { organizationId } = request.caller;
  const now = needs.now();
  const removed = await sendMemberCommand(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'RemoveMember', data: { userId, deactivated, revokeKeys } }),
    view: (organization) => {
      // A repeated request returns the keys that an earlier one revoked, too.
      const leftAt = organization.formerMembers.get(userId) ?? now;
      return keysCreatedBy(organization, userId)
        .map((apiKeyId) => apiKeyIn(organization, apiKeyId))
        .filter((key) => hadNotEnded(key, leftAt));
    },
  });
  if (isRefusal(removed)) return removed;
  const keys = removed.view;
  const used = await asTenant(
    needs.pool,
    organizationId,
    async (db) => {
      await removeMemberLabel(db, organizationId, userId);
      return revokeStored(db, keys);
    },
    { readOnly: false },
  );
  for (const { apiKeyId, revokedAt } of keys) if (revokedAt !== null) needs.forgetApiKey(apiKeyId);
  await eraseAddresses(needs.pool, organizationId, removed);
  return { ...removed, view: keys.map((key) => ({ ...key, lastUsedAt: used.get(key.apiKeyId) ?? null })) };
};

const hadNotEnded = ({ expiresAt, revokedAt }: OwnApiKey, at: Instant): boolean =>
  (expiresAt === null || expiresAt > at) && (revokedAt === null || revokedAt >= at);

// Every process refuses a revoked key from now on, even before the event is projected.
const revokeStored = async (db: PoolClient, keys: readonly OwnApiKey[]) => {
  for (const { apiKeyId, revokedAt } of keys) if (revokedAt !== null) await revokeStoredApiKey(db, apiKeyId, revokedAt);
  return apiKeysLastUsedAt(
    db,
    keys.map(({ apiKeyId }) => apiKeyId),
  );
};
