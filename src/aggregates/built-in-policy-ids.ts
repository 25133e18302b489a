import { decodeId, encodeId } from '../domain/ids.ts';
import type { Tier } from '../domain/license/policy.ts';
import { uuidv5 } from '../eventstore/uuid-v5.ts';

/**
 * Returns the id of an issuer's built-in policy of a tier. Throws when `issuerOrgId` is not the id of an organization.
 */
export const builtInPolicyId = (issuerOrgId: string, tier: Tier): string =>
  encodeId('pol', uuidv5(decodeId('org', issuerOrgId) ?? '', tier));

/** Returns the ids of an issuer's built-in policies of all tiers. Throws as `builtInPolicyId` does. */
export const builtInPolicyIds = (issuerOrgId: string): Readonly<Record<Tier, string>> => ({
  FREE: builtInPolicyId(issuerOrgId, 'FREE'),
  TRIAL: builtInPolicyId(issuerOrgId, 'TRIAL'),
  PRO: builtInPolicyId(issuerOrgId, 'PRO'),
  ENTERPRISE: builtInPolicyId(issuerOrgId, 'ENTERPRISE'),
});
