import { z } from 'zod';
import type { Entitlement, Limits, PinnedPolicy } from '../domain/license/events.ts';
import { count, id, seconds } from './codec-fields.ts';
import { instant } from './envelope.ts';

/** The shape of a policy wherever it is stored: pinned in a license, a version in a catalog. */
export const pinnedPolicy = z.object({
  policyId: id,
  version: z.int().positive(),
  tier: z.enum(['FREE', 'TRIAL', 'PRO', 'ENTERPRISE']),
  type: z.enum(['SUBSCRIPTION', 'TRIAL', 'PERPETUAL']),
  expiryStrategy: z.enum(['RESTRICT', 'MAINTAIN', 'ALLOW']),
  expiryGraceSeconds: seconds,
  validationTtlSeconds: seconds,
  offlineGraceSeconds: seconds,
  overage: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('NONE') }),
    z.object({ kind: z.literal('RATIO'), percent: count }),
    z.object({ kind: z.literal('ALWAYS') }),
  ]),
  limitStrategy: z.enum(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']),
  deactivation: z.object({ allowed: z.boolean(), cooldownSeconds: seconds, maxPerTerm: count.nullable() }),
  fingerprintMatching: z.enum(['EXACT', 'ANY', 'MOST', 'ALL']),
  fingerprintRequired: z.boolean(),
  productRequired: z.boolean(),
  lease: z.object({
    scope: z.enum(['MACHINE', 'INSTANCE', 'USER']),
    ttlSeconds: seconds,
    resurrectSeconds: seconds,
    borrowMaxSeconds: seconds,
  }),
  heartbeatSeconds: seconds.nullable(),
  remindBefore: z.array(z.string()),
  trialEnd: z.enum(['EXPIRE', 'DOWNGRADE']),
  reinstateOnPayment: z.boolean(),
  transferable: z.boolean(),
  // What the first licenses were issued without stays absent in them.
  renewUntilSeconds: seconds.exactOptional(),
  checkInSeconds: seconds.exactOptional(),
  userRequired: z.boolean().exactOptional(),
  leaseRequired: z.boolean().exactOptional(),
  environment: id.exactOptional(),
  versions: z.object({ from: z.string().nullable(), below: z.string().nullable() }).exactOptional(),
  reclaimBorrowed: z.boolean().exactOptional(),
}) satisfies z.ZodType<PinnedPolicy>;

/** The shape of limits wherever they are stored. */
export const limits = z.object({
  activations: count,
  seats: count,
  users: count,
  meters: z.record(z.string(), count),
}) satisfies z.ZodType<Limits>;

/** The shape of an entitlement wherever it is stored. */
export const entitlement = z.object({
  code: id,
  value: z.string().nullable(),
  limit: z.int().nullable(),
  until: instant.nullable(),
  source: z.enum(['tier', 'product', 'grant', 'trial']),
}) satisfies z.ZodType<Entitlement>;
