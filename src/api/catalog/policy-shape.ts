import { z } from 'zod';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import type { Instant } from '../../domain/time.ts';
import { entitlementOut, limitsOut } from '../licenses/grant-schemas.ts';
import { idOf, instantOut, tiers } from '../schemas.ts';

const seconds = z.int();
const noneOr = <Schema extends z.ZodType>(schema: Schema) => schema.nullable();

/** A version of a policy as the API shows it. `createdAt` is of the policy; `archivedAt` null: in use. */
export const policyShape = z
  .strictObject({
    id: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q'),
    version: z.int(),
    name: z.string(),
    tier: z.enum(tiers),
    type: z.enum(['SUBSCRIPTION', 'TRIAL', 'PERPETUAL']),
    expiryStrategy: z.enum(['RESTRICT', 'MAINTAIN', 'ALLOW']),
    expiryGraceSeconds: seconds,
    validationTtlSeconds: seconds,
    offlineGraceSeconds: seconds,
    overage: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('NONE') }),
      z.strictObject({ kind: z.literal('RATIO'), percent: z.int() }),
      z.strictObject({ kind: z.literal('ALWAYS') }),
    ]),
    limitStrategy: z.enum(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']),
    deactivation: z.strictObject({
      allowed: z.boolean(),
      cooldownSeconds: seconds,
      maxPerTerm: noneOr(z.int()),
    }),
    fingerprintMatching: z.enum(['EXACT', 'ANY', 'MOST', 'ALL']),
    fingerprintRequired: z.boolean(),
    productRequired: z.boolean(),
    lease: z.strictObject({
      scope: z.enum(['MACHINE', 'INSTANCE', 'USER']),
      ttlSeconds: seconds,
      resurrectSeconds: seconds,
      borrowMaxSeconds: seconds,
    }),
    heartbeatSeconds: noneOr(seconds),
    remindBefore: z.array(z.string()),
    trialEnd: z.enum(['EXPIRE', 'DOWNGRADE']),
    reinstateOnPayment: z.boolean(),
    transferable: z.boolean(),
    renewUntilSeconds: noneOr(seconds),
    checkInSeconds: noneOr(seconds),
    userRequired: z.boolean(),
    leaseRequired: z.boolean(),
    environment: noneOr(z.string()),
    versions: noneOr(z.strictObject({ from: noneOr(z.string()), below: noneOr(z.string()) })),
    reclaimBorrowed: z.boolean(),
    products: z.array(z.string()),
    term: z.discriminatedUnion('basis', [
      z.strictObject({ basis: z.literal('PERPETUAL') }),
      z.strictObject({ basis: z.literal('FIXED'), expiresAt: instantOut }),
      z.strictObject({ basis: z.enum(['ISSUE', 'FIRST_ACTIVATION', 'FIRST_VALIDATION']), duration: z.string() }),
    ]),
    limits: limitsOut,
    entitlements: z.array(entitlementOut),
    createdAt: instantOut,
    versionCreatedAt: instantOut,
    archivedAt: noneOr(instantOut),
  })
  .meta({ id: 'Policy' });

type Dated = {
  readonly createdAt: Instant;
  readonly versionAt: Instant;
  readonly archivedAt: Instant | null;
};

/** A version of a policy as the API shows it. */
export const policyBody = (version: PolicyVersion, dated: Dated): z.output<typeof policyShape> => {
  const { name, policy, products, term, limits, entitlements } = version;
  const { policyId: id, remindBefore, ...rules } = policy;
  return {
    ...{ renewUntilSeconds: null, checkInSeconds: null, environment: null, versions: null },
    ...{ userRequired: false, leaseRequired: false, reclaimBorrowed: false },
    ...rules,
    ...{ id, name, term, remindBefore: [...remindBefore], products: [...products] },
    limits: { ...limits },
    entitlements: entitlements.map((each) => ({ ...each })),
    createdAt: dated.createdAt,
    versionCreatedAt: dated.versionAt,
    archivedAt: dated.archivedAt,
  };
};
