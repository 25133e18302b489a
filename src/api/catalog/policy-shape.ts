import { z } from 'zod';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import { durationBases } from '../../domain/license/issue/issue-events.ts';
import { tiers } from '../../domain/license/policy.ts';
import { usagePerMinuteDefault } from '../../domain/license/usage/judge-usage.ts';
import type { Instant } from '../../domain/time.ts';
import { entitlementOut, limitsOut } from '../licenses/grant-schemas.ts';
import { policyMeters } from '../licenses/meter-schemas.ts';
import { idOf, instantOut } from '../schemas.ts';
import { rulesOut } from './policy-rules.ts';

/** A version of a policy as the API shows it. `createdAt` is of the policy. A policy in use has a null `archivedAt`. */
export const policyShape = z
  .strictObject({
    id: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q').meta({
      description: 'The id of the policy, the same for all versions.',
    }),
    version: z.int().meta({ description: 'The number of the version, from 1.' }),
    name: z.string().meta({ description: 'The name of the policy.' }),
    tier: z.enum(tiers).meta({ description: 'The tier of its licenses.' }),
    ...rulesOut,
    products: z.array(z.string()).meta({ description: 'The codes of the products that its licenses cover.' }),
    term: z
      .discriminatedUnion('basis', [
        z.strictObject({ basis: z.literal('PERPETUAL') }),
        z.strictObject({ basis: z.literal('FIXED'), expiresAt: instantOut }),
        z.strictObject({ basis: z.enum(durationBases), duration: z.string() }),
      ])
      .meta({ description: 'The term of its licenses, and when it starts.' }),
    limits: limitsOut.meta({ description: 'The usage limits of its licenses.' }),
    entitlements: z.array(entitlementOut).meta({ description: 'The entitlements of its licenses.' }),
    createdAt: instantOut.meta({ description: 'When the policy was created.' }),
    versionCreatedAt: instantOut.meta({ description: 'When this version was created.' }),
    archivedAt: instantOut.nullable().meta({ description: 'When the policy was archived. Null when it is in use.' }),
  })
  .meta({ id: 'Policy' });

type Dated = {
  readonly createdAt: Instant;
  readonly versionAt: Instant;
  readonly archivedAt: Instant | null;
};

/** Returns a version of a policy as the API shows it. */
export const policyBody = (version: PolicyVersion, dated: Dated): z.output<typeof policyShape> => {
  const { name, policy, products, term, limits, entitlements } = version;
  const { policyId: id, remindBefore, trialAddressIgnores = [], meterRules: _, ...rules } = policy;
  return {
    renewUntilSeconds: null,
    renewalDuration: null,
    renewalBasis: null,
    checkInSeconds: null,
    devicesPerUser: null,
    deactivateUnseenAfter: null,
    environment: null,
    versions: null,
    maintenance: null,
    userRequired: false,
    versionRequired: false,
    environmentRequired: false,
    releasedAtRequired: false,
    leaseRequired: false,
    reclaimBorrowed: false,
    deactivateOnUnassign: false,
    keepAddressPrefix: false,
    deactivateByKey: 'ANY',
    componentCheck: 'NONE',
    fingerprintUniqueness: 'LICENSE',
    trialDays: 'DROP',
    usagePerMinute: usagePerMinuteDefault,
    // A policy from before this rule shows the names.
    deviceNamesByKey: true,
    ...rules,
    id,
    name,
    term,
    remindBefore: [...remindBefore],
    trialAddressIgnores: [...trialAddressIgnores],
    products: [...products],
    limits: { ...limits, meters: policyMeters(limits, policy) },
    entitlements: entitlements.map((entitlement) => ({ ...entitlement })),
    createdAt: dated.createdAt,
    versionCreatedAt: dated.versionAt,
    archivedAt: dated.archivedAt,
  };
};
