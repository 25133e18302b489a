import { z } from 'zod';
import { secondsMax } from '../../domain/catalog/policy-checks.ts';
import { durationBases } from '../../domain/license/issue/issue-events.ts';
import {
  expiryStrategies,
  fingerprintMatchings,
  leaseScopes,
  limitStrategies,
  policyTypes,
  tiers,
  trialEnds,
} from '../../domain/license/policy.ts';
import { versionPattern } from '../../domain/license/validation/app-versions.ts';
import { entitlementsIn, limitsIn } from '../licenses/grant-schemas.ts';
import { duration, idOf, instantIn, productCode } from '../schemas.ts';
import { nameIn } from './fields.ts';
import { ruleTexts } from './policy-texts.ts';

const seconds = z.int().min(0).max(secondsMax);
const someSeconds = z.int().min(1).max(secondsMax);
const version = z
  .string()
  .regex(versionPattern, 'must be a version like 2.1.0 or 3.0.0-beta.1')
  .meta({ example: '2.1.0' });

/** The rules of a policy as a request gives them; null takes a rule away that may be absent. */
export const rulesIn = {
  type: z.enum(policyTypes).exactOptional().meta({ description: ruleTexts.type }),
  expiryStrategy: z.enum(expiryStrategies).exactOptional().meta({ description: ruleTexts.expiryStrategy }),
  expiryGraceSeconds: seconds.exactOptional().meta({ description: ruleTexts.expiryGraceSeconds }),
  validationTtlSeconds: seconds.exactOptional().meta({ description: ruleTexts.validationTtlSeconds }),
  offlineGraceSeconds: seconds.exactOptional().meta({ description: ruleTexts.offlineGraceSeconds }),
  overage: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('NONE') }),
      z.strictObject({ kind: z.literal('RATIO'), percent: z.int().min(100) }),
      z.strictObject({ kind: z.literal('ALWAYS') }),
    ])
    .exactOptional()
    .meta({ description: ruleTexts.overage }),
  limitStrategy: z.enum(limitStrategies).exactOptional().meta({ description: ruleTexts.limitStrategy }),
  deactivation: z
    .strictObject({
      allowed: z.boolean().exactOptional(),
      cooldownSeconds: seconds.exactOptional(),
      maxPerTerm: z.int().min(0).nullable().exactOptional(),
    })
    .exactOptional()
    .meta({ description: ruleTexts.deactivation }),
  fingerprintMatching: z
    .enum(fingerprintMatchings)
    .exactOptional()
    .meta({ description: ruleTexts.fingerprintMatching }),
  fingerprintRequired: z.boolean().exactOptional().meta({ description: ruleTexts.fingerprintRequired }),
  productRequired: z.boolean().exactOptional().meta({ description: ruleTexts.productRequired }),
  lease: z
    .strictObject({
      scope: z.enum(leaseScopes).exactOptional(),
      ttlSeconds: someSeconds.exactOptional(),
      resurrectSeconds: seconds.exactOptional(),
      borrowMaxSeconds: seconds.exactOptional(),
    })
    .exactOptional()
    .meta({ description: ruleTexts.lease }),
  heartbeatSeconds: someSeconds.nullable().exactOptional().meta({ description: ruleTexts.heartbeatSeconds }),
  remindBefore: z.array(duration).max(20).exactOptional().meta({ description: ruleTexts.remindBefore }),
  trialEnd: z.enum(trialEnds).exactOptional().meta({ description: ruleTexts.trialEnd }),
  reinstateOnPayment: z.boolean().exactOptional().meta({ description: ruleTexts.reinstateOnPayment }),
  transferable: z.boolean().exactOptional().meta({ description: ruleTexts.transferable }),
  renewUntilSeconds: seconds.nullable().exactOptional().meta({ description: ruleTexts.renewUntilSeconds }),
  checkInSeconds: seconds.nullable().exactOptional().meta({ description: ruleTexts.checkInSeconds }),
  userRequired: z.boolean().exactOptional().meta({ description: ruleTexts.userRequired }),
  leaseRequired: z.boolean().exactOptional().meta({ description: ruleTexts.leaseRequired }),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and . _ -')
    .nullable()
    .exactOptional()
    .meta({ description: ruleTexts.environment }),
  versions: z
    .strictObject({ from: version.nullable().exactOptional(), below: version.nullable().exactOptional() })
    .nullable()
    .exactOptional()
    .meta({ description: ruleTexts.versions }),
  reclaimBorrowed: z.boolean().exactOptional().meta({ description: ruleTexts.reclaimBorrowed }),
};

/** What a license gets where its issuer asks for nothing else, as a request gives it. */
const defaultsIn = {
  term: z
    .discriminatedUnion('basis', [
      z.strictObject({ basis: z.literal('PERPETUAL') }),
      z.strictObject({ basis: z.literal('FIXED'), expiresAt: instantIn }),
      z.strictObject({ basis: z.enum(durationBases), duration }),
    ])
    .exactOptional()
    .meta({ description: 'How long its licenses are good, from when on.' }),
  limits: limitsIn.exactOptional().meta({ description: 'How much of its licenses may be in use.' }),
  entitlements: entitlementsIn.exactOptional().meta({ description: 'What its licenses permit beside their products.' }),
};

const products = z
  .array(productCode)
  .max(100)
  .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice');

/** A new policy; what is left out is as in the built-in policy of its tier. */
export const newPolicy = z
  .strictObject({ name: nameIn, tier: z.enum(tiers), products, ...rulesIn, ...defaultsIn })
  .meta({
    id: 'NewPolicy',
    example: {
      name: 'Team',
      tier: 'PRO',
      products: ['local_cli'],
      limits: { activations: 20 },
      expiryGraceSeconds: 604_800,
      entitlements: [{ code: 'export', limit: 100 }],
    },
  });

/** What is to be otherwise in the next version of a policy. */
export const policyChange = z
  .strictObject({
    name: nameIn.exactOptional(),
    tier: z.enum(tiers).exactOptional(),
    products: products.exactOptional(),
    ...rulesIn,
    ...defaultsIn,
  })
  .meta({ id: 'PolicyChange', example: { limits: { activations: 25 } } });

/** The path of an operation on one policy. */
export const policyPath = z.strictObject({ policyId: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q') });
