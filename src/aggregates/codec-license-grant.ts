import { z } from 'zod';
import { unassignmentCauses } from '../domain/license/grants/grant-events.ts';
import { limitStrategies, tiers } from '../domain/license/policy.ts';
import { type Target, tierChangeCauses, tierDirections } from '../domain/license/tiers/tier-events.ts';
import { instant } from '../eventstore/envelope.ts';
import { count, ends, event, id, limit, maintenance, ordinal, userReference } from './codec-fields.ts';
import { entitlement, limits, overrides, pinnedPolicy } from './codec-policy.ts';

/** The schema of the policy, products, limits and entitlements that a license moves to. */
export const target = z.object({
  policy: pinnedPolicy,
  products: z.array(id).nullable(),
  limits: limits.nullable(),
  entitlements: z.array(entitlement).nullable(),
  overrides: overrides.exactOptional(),
  resetsOverrides: z.literal(true).exactOptional(),
}) satisfies z.ZodType<Target>;

const tier = z.enum(tiers);
const changedOverrides = {
  overrides: overrides.exactOptional(),
  dropped: overrides.extend({ entitlements: z.array(id).exactOptional() }).exactOptional(),
};
const pinned = { policyId: id, policyVersion: ordinal, policy: pinnedPolicy };

/** The schemas of the events about users, limits, entitlements, products and the tier of a license. */
export const grantEvents = [
  event('UserAssigned', z.object({ userRef: userReference, countAfter: count, limit, overage: z.boolean() })),
  event(
    'UserUnassigned',
    z.object({
      userRef: userReference,
      cause: z.enum(unassignmentCauses),
      countAfter: count,
      ends: ends.exactOptional(),
    }),
  ),
  event(
    'LicenseLimitsChanged',
    z.object({
      before: limits,
      after: limits,
      strategy: z.enum(limitStrategies),
      ends: ends.exactOptional(),
      overrides: overrides.exactOptional(),
    }),
  ),
  event('EntitlementGranted', entitlement),
  event('EntitlementRevoked', entitlement.pick({ code: true, source: true })),
  event(
    'EntitlementEnded',
    entitlement
      .pick({ code: true, source: true, withheld: true })
      .extend({ until: instant, more: z.literal(true).exactOptional() }),
  ),
  event('ProductAdded', z.object({ product: id, overrides: overrides.exactOptional() })),
  event('ProductRemoved', z.object({ product: id, ends: ends.exactOptional(), overrides: overrides.exactOptional() })),
  event(
    'LicenseTierChanged',
    z.object({
      from: tier,
      to: tier,
      ...pinned,
      direction: z.enum(tierDirections),
      cause: z.enum(tierChangeCauses),
      scheduledBy: id.nullable(),
      ...changedOverrides,
      ...maintenance,
    }),
  ),
  event(
    'TrialConverted',
    z.object({
      toTier: tier,
      ...pinned,
      daysUsed: count,
      billingRef: id.nullable(),
      ...changedOverrides,
      ...maintenance,
    }),
  ),
] as const;
