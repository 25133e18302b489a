import { z } from 'zod';
import type { EffectiveEntitlement } from '../../domain/license/grants/effective-entitlements.ts';
import { entitlementPattern, entitlementSources, entitlementsMax } from '../../domain/license/grants/entitlement.ts';
import { unlimited } from '../../domain/license/usage/usage-limits.ts';
import { must } from '../http/plain-messages.ts';
import { instantOrNull, instantOut, text } from '../schemas.ts';
import { limitOut, meterIn, meterOut, withRulesApart } from './meter-schemas.ts';

/** A count in a request. Adding 0 turns -0 into 0, because -0 must not be stored. */
export const count = z.int().overwrite((value) => value + 0);

/** A limit in a request: a count, or `unlimited`. The domain refuses negative counts. */
const limitIn = z
  .union([count, z.literal(unlimited)], {
    error: ({ input }) => must(input, `be a whole number, 0 or more, or "${unlimited}"`),
  })
  .meta({
    id: 'LimitRequest',
    description: 'How much may be in use: a whole number, 0 or more, or unlimited. 0 allows nothing.',
  });

/** The name of a meter. */
export const meterName = z
  .string()
  .regex(/^[a-z][a-z0-9_.:-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, _ . : -, beginning with a letter')
  // Every object has a member `constructor`, so a lookup by that name would not return a count.
  .refine((name) => name !== 'constructor', 'must not be constructor')
  .meta({ example: 'api_calls' });

/** The code of an entitlement. Codes are compared exactly. */
export const entitlementCode = z
  .string()
  .regex(entitlementPattern, 'must be 1 to 64 of A-Z, a-z, 0-9, _ . : -, beginning with a letter')
  .meta({ example: 'export' });

const counts = { activations: limitIn.optional(), seats: limitIn.optional(), users: limitIn.optional() };
const metersOf = <Limit extends z.ZodType>(limit: Limit) =>
  z.record(meterName, limit).refine((meters) => Object.keys(meters).length <= 50, 'must have at most 50 names');

const meter = meterIn(limitIn).meta({ id: 'Meter' });

/** The limits in a request. Absent limits are those of the policy. */
export const limitsIn = z.strictObject({ ...counts, meters: metersOf(meter).optional() }).transform(withRulesApart);

/** The limits to change in a request. Null removes a meter. */
export const limitChangesIn = z
  .strictObject({ ...counts, meters: metersOf(meter.nullable()).optional() })
  .transform(withRulesApart);

/** An entitlement in a request, without its source. */
export const entitlementIn = z.strictObject({
  code: entitlementCode,
  value: text(256).nullable().default(null),
  limit: count.min(0).nullable().default(null),
  until: instantOrNull.default(null),
});

const codesOnce = [
  (all: readonly { readonly code: string }[]) => new Set(all.map(({ code }) => code)).size === all.length,
  'must not name a code twice',
] as const;

/** The entitlements of a policy in a request. Each code appears once. */
export const entitlementsIn = z
  .array(entitlementIn)
  .max(entitlementsMax.ofPolicy)
  .refine(...codesOnce);

/** A grant of an entitlement in a request, or with `withheld` what withholds its code. */
export const grantIn = entitlementIn
  .extend({
    withheld: z.boolean().default(false).meta({
      description:
        'True: the license does not grant the code before until, whatever its policy says. A later grant without withheld replaces this.',
    }),
  })
  .refine(({ withheld, value }) => !withheld || value === null, {
    path: ['value'],
    message: 'must be left out with withheld',
  })
  .refine(({ withheld, limit }) => !withheld || limit === null, {
    path: ['limit'],
    message: 'must be left out with withheld',
  });

/** The grants of a new license in a request. Each code appears once. */
export const grantsIn = z
  .array(grantIn)
  .max(entitlementsMax.ofPolicy)
  .refine(...codesOnce)
  .meta({
    description:
      'The entitlements that the license grants in addition to its policy. A grant decides before the policy for its code, and withheld: true leaves a code of the policy out.',
  });

/** An entitlement of a policy as the API shows it. */
export const entitlementOut = z.strictObject({
  code: z.string().meta({ description: 'The code of the feature.' }),
  value: z.string().nullable().meta({ description: 'A value for the application. Null when there is none.' }),
  limit: z.int().nullable().meta({ description: 'A number for the application. Null when there is none.' }),
  until: instantOut.nullable().meta({ description: 'The end of the entitlement. Null when it has no end.' }),
  source: z.enum(entitlementSources).meta({
    description: 'The source of the code: a grant of the license, its policy (tier or trial), or a product.',
  }),
});

const grantedOut = entitlementOut.omit({ code: true });
const statedOut = {
  ended: z.boolean().meta({ description: 'Whether it has ended by itself.' }),
  withheld: z.boolean().meta({ description: 'Whether it withholds the code instead of granting it.' }),
};

/** What a license grants of a code, as the API shows it. */
export const effectiveOut = entitlementOut.extend({
  sources: z
    .array(grantedOut)
    .meta({ description: 'The grant of each source for the code now. The source that decides comes first.' }),
});

/** What a license says about a code, as the API shows it to organizations. */
export const entitlementStateOut = entitlementOut.extend({
  ...statedOut,
  sources: z
    .array(grantedOut.extend(statedOut))
    .meta({ description: 'The statement of each source about the code. The source that decides comes first.' }),
});

/** Returns what a license grants of a code, as the API shows it. */
export const effectiveBody = ({ sources, ...effective }: EffectiveEntitlement): z.output<typeof effectiveOut> => ({
  ...effective,
  sources: [...sources],
});

/** Limits as the API shows them. */
export const limitsOut = z.strictObject({
  activations: limitOut,
  seats: limitOut,
  users: limitOut,
  meters: z.record(z.string(), meterOut),
});

/** The counts of usage in an answer. */
export const countsOut = { activations: z.int(), seats: z.int(), users: z.int() };
