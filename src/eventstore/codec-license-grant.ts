import { z } from 'zod';
import type { Target } from '../domain/license/events-grant.ts';
import { count, ends, event, id, ordinal, userReference } from './codec-fields.ts';
import { entitlement, limits, pinnedPolicy } from './codec-policy.ts';

/** The shape of what a license is to become. */
export const target = z.object({
  policy: pinnedPolicy,
  products: z.array(id).nullable(),
  limits: limits.nullable(),
  entitlements: z.array(entitlement).nullable(),
}) satisfies z.ZodType<Target>;

const tier = z.enum(['FREE', 'TRIAL', 'PRO', 'ENTERPRISE']);
const pinned = { policyId: id, policyVersion: ordinal, policy: pinnedPolicy };

/** The schemas of events of src/domain/license/events-grant.ts. */
export const grantEvents = [
  event('UserAssigned', z.object({ userRef: userReference, countAfter: count, limit: count, overage: z.boolean() })),
  event(
    'UserUnassigned',
    z.object({
      userRef: userReference,
      cause: z.enum(['ADMIN', 'USER', 'LIMIT_LOWERED', 'TRANSFER', 'LICENSE_REVOKED']),
      countAfter: count,
    }),
  ),
  event(
    'LicenseLimitsChanged',
    z.object({
      before: limits,
      after: limits,
      strategy: z.enum(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']),
      ends: ends.exactOptional(),
    }),
  ),
  event('EntitlementGranted', entitlement),
  event('EntitlementRevoked', entitlement.pick({ code: true, source: true })),
  event('ProductAdded', z.object({ product: id })),
  event('ProductRemoved', z.object({ product: id, ends: ends.exactOptional() })),
  event(
    'LicenseTierChanged',
    z.object({
      from: tier,
      to: tier,
      ...pinned,
      direction: z.enum(['UPGRADE', 'DOWNGRADE', 'SAME']),
      cause: z.enum(['TIER_CHANGED', 'POLICY_CHANGED', 'SCHEDULED', 'TRIAL_ENDED']),
      scheduledBy: id.nullable(),
    }),
  ),
  event('TrialConverted', z.object({ toTier: tier, ...pinned, daysUsed: count, billingRef: id.nullable() })),
] as const;
