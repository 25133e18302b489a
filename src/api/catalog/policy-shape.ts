import { z } from 'zod';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
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
import type { Instant } from '../../domain/time.ts';
import { entitlementOut, limitsOut } from '../licenses/grant-schemas.ts';
import { idOf, instantOut } from '../schemas.ts';
import { ruleTexts } from './policy-texts.ts';

const seconds = z.int();
const noneOr = <Schema extends z.ZodType>(schema: Schema) => schema.nullable();

/** A version of a policy as the API shows it. `createdAt` is of the policy; `archivedAt` null: in use. */
export const policyShape = z
  .strictObject({
    id: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q').meta({ description: 'Its id, the same for all versions.' }),
    version: z.int().meta({ description: 'Which version this is, from 1.' }),
    name: z.string().meta({ description: 'What its issuer calls it.' }),
    tier: z.enum(tiers).meta({ description: 'What its licenses are sold as.' }),
    type: z.enum(policyTypes).meta({ description: ruleTexts.type }),
    expiryStrategy: z.enum(expiryStrategies).meta({ description: ruleTexts.expiryStrategy }),
    expiryGraceSeconds: seconds.meta({ description: ruleTexts.expiryGraceSeconds }),
    validationTtlSeconds: seconds.meta({ description: ruleTexts.validationTtlSeconds }),
    offlineGraceSeconds: seconds.meta({ description: ruleTexts.offlineGraceSeconds }),
    overage: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('NONE') }),
        z.strictObject({ kind: z.literal('RATIO'), percent: z.int() }),
        z.strictObject({ kind: z.literal('ALWAYS') }),
      ])
      .meta({ description: ruleTexts.overage }),
    limitStrategy: z.enum(limitStrategies).meta({ description: ruleTexts.limitStrategy }),
    deactivation: z
      .strictObject({
        allowed: z.boolean(),
        cooldownSeconds: seconds,
        maxPerTerm: noneOr(z.int()),
      })
      .meta({ description: ruleTexts.deactivation }),
    fingerprintMatching: z.enum(fingerprintMatchings).meta({ description: ruleTexts.fingerprintMatching }),
    fingerprintRequired: z.boolean().meta({ description: ruleTexts.fingerprintRequired }),
    productRequired: z.boolean().meta({ description: ruleTexts.productRequired }),
    lease: z
      .strictObject({
        scope: z.enum(leaseScopes),
        ttlSeconds: seconds,
        resurrectSeconds: seconds,
        borrowMaxSeconds: seconds,
      })
      .meta({ description: ruleTexts.lease }),
    heartbeatSeconds: noneOr(seconds).meta({ description: ruleTexts.heartbeatSeconds }),
    remindBefore: z.array(z.string()).meta({ description: ruleTexts.remindBefore }),
    trialEnd: z.enum(trialEnds).meta({ description: ruleTexts.trialEnd }),
    reinstateOnPayment: z.boolean().meta({ description: ruleTexts.reinstateOnPayment }),
    transferable: z.boolean().meta({ description: ruleTexts.transferable }),
    renewUntilSeconds: noneOr(seconds).meta({ description: ruleTexts.renewUntilSeconds }),
    checkInSeconds: noneOr(seconds).meta({ description: ruleTexts.checkInSeconds }),
    userRequired: z.boolean().meta({ description: ruleTexts.userRequired }),
    leaseRequired: z.boolean().meta({ description: ruleTexts.leaseRequired }),
    environment: noneOr(z.string()).meta({ description: ruleTexts.environment }),
    versions: noneOr(z.strictObject({ from: noneOr(z.string()), below: noneOr(z.string()) })).meta({
      description: ruleTexts.versions,
    }),
    reclaimBorrowed: z.boolean().meta({ description: ruleTexts.reclaimBorrowed }),
    products: z.array(z.string()).meta({ description: 'The codes of the products that its licenses cover.' }),
    term: z
      .discriminatedUnion('basis', [
        z.strictObject({ basis: z.literal('PERPETUAL') }),
        z.strictObject({ basis: z.literal('FIXED'), expiresAt: instantOut }),
        z.strictObject({ basis: z.enum(durationBases), duration: z.string() }),
      ])
      .meta({ description: 'How long its licenses are good, from when on.' }),
    limits: limitsOut.meta({ description: 'How much of its licenses may be in use.' }),
    entitlements: z.array(entitlementOut).meta({ description: 'What its licenses permit beside their products.' }),
    createdAt: instantOut.meta({ description: 'When the policy was made.' }),
    versionCreatedAt: instantOut.meta({ description: 'When this version was made.' }),
    archivedAt: noneOr(instantOut).meta({ description: 'When it was archived; null: in use.' }),
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
