import { z } from 'zod';
import { type Entitlement, entitlementSources } from '../domain/license/grants/entitlement.ts';
import type { Overrides } from '../domain/license/overrides/overrides.ts';
import {
  componentChecks,
  expiryStrategies,
  fingerprintMatchings,
  fingerprintUniquenesses,
  keyReaches,
  leaseScopes,
  limitStrategies,
  type PinnedPolicy,
  policyTypes,
  tiers,
  trialAddressVariations,
  trialDaysRules,
  trialEnds,
} from '../domain/license/policy.ts';
import { renewalBases } from '../domain/license/term/term-events.ts';
import { meterResets } from '../domain/license/usage/meter-rules.ts';
import type { Limits } from '../domain/license/usage/usage-limits.ts';
import { instant } from '../eventstore/envelope.ts';
import { count, id, limit, seconds } from './codec-fields.ts';

const overage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('NONE') }),
  z.object({ kind: z.literal('RATIO'), percent: count }),
  z.object({ kind: z.literal('ALWAYS') }),
]);

const meterRules = z.record(
  z.string(),
  z.object({ resets: z.enum(meterResets).exactOptional(), overage: overage.exactOptional() }),
);

/** The schema of a stored policy: pinned to a license, or a version in a catalog. */
export const pinnedPolicy = z.object({
  policyId: id,
  version: z.int().positive(),
  tier: z.enum(tiers),
  type: z.enum(policyTypes),
  expiryStrategy: z.enum(expiryStrategies),
  expiryGraceSeconds: seconds,
  validationTtlSeconds: seconds,
  offlineGraceSeconds: seconds,
  overage,
  limitStrategy: z.enum(limitStrategies),
  deactivation: z.object({ allowed: z.boolean(), cooldownSeconds: seconds, maxPerTerm: count.nullable() }),
  fingerprintMatching: z.enum(fingerprintMatchings),
  fingerprintRequired: z.boolean(),
  productRequired: z.boolean(),
  lease: z.object({
    scope: z.enum(leaseScopes),
    ttlSeconds: seconds,
    resurrectSeconds: seconds,
    borrowMaxSeconds: seconds,
  }),
  heartbeatSeconds: seconds.nullable(),
  remindBefore: z.array(z.string()),
  trialEnd: z.enum(trialEnds),
  reinstateOnPayment: z.boolean(),
  transferable: z.boolean(),
  // The policies of the first licenses do not have these fields.
  renewUntilSeconds: seconds.exactOptional(),
  checkInSeconds: seconds.exactOptional(),
  userRequired: z.boolean().exactOptional(),
  leaseRequired: z.boolean().exactOptional(),
  environment: id.exactOptional(),
  versions: z.object({ from: z.string().nullable(), below: z.string().nullable() }).exactOptional(),
  reclaimBorrowed: z.boolean().exactOptional(),
  deactivateByKey: z.enum(keyReaches).exactOptional(),
  deviceNamesByKey: z.boolean().exactOptional(),
  versionRequired: z.boolean().exactOptional(),
  environmentRequired: z.boolean().exactOptional(),
  releasedAtRequired: z.boolean().exactOptional(),
  deactivateOnUnassign: z.boolean().exactOptional(),
  devicesPerUser: count.exactOptional(),
  deactivateUnseenAfter: id.exactOptional(),
  keepAddressPrefix: z.boolean().exactOptional(),
  maintenance: id.exactOptional(),
  trialDays: z.enum(trialDaysRules).exactOptional(),
  componentCheck: z.enum(componentChecks).exactOptional(),
  fingerprintUniqueness: z.enum(fingerprintUniquenesses).exactOptional(),
  trialAddressIgnores: z.array(z.enum(trialAddressVariations)).exactOptional(),
  renewalDuration: z.string().exactOptional(),
  renewalBasis: z.enum(renewalBases).exactOptional(),
  usagePerMinute: z.int().positive().exactOptional(),
  meterRules: meterRules.exactOptional(),
}) satisfies z.ZodType<PinnedPolicy>;

/** The schema of stored limits. */
export const limits = z.object({
  activations: limit,
  seats: limit,
  users: limit,
  meters: z.record(z.string(), limit),
}) satisfies z.ZodType<Limits>;

/** The schema of what a license has in addition to its policy. */
export const overrides = z.object({
  limits: z
    .object({
      activations: limit.exactOptional(),
      seats: limit.exactOptional(),
      users: limit.exactOptional(),
      meters: z.record(z.string(), limit.nullable()).exactOptional(),
      meterRules: meterRules.exactOptional(),
    })
    .exactOptional(),
  products: z.object({ added: z.array(id), removed: z.array(id) }).exactOptional(),
}) satisfies z.ZodType<Overrides>;

/** The schema of a stored entitlement. */
export const entitlement = z.object({
  code: id,
  value: z.string().nullable(),
  limit: z.int().nullable(),
  until: instant.nullable(),
  source: z.enum(entitlementSources),
  withheld: z.literal(true).exactOptional(),
}) satisfies z.ZodType<Entitlement>;
