import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { LimitOverrides } from '../../domain/license/overrides/overrides.ts';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import { ownResetAt } from '../../domain/license/usage/meter-periods.ts';
import {
  hasMeterRules,
  type MeterRule,
  type MeterRules,
  meterResets,
  resetsOf,
  ruleOf,
} from '../../domain/license/usage/meter-rules.ts';
import { ownPeriod } from '../../domain/license/usage/term-counters.ts';
import { type Limit, unlimited } from '../../domain/license/usage/usage-limits.ts';
import type { Instant } from '../../domain/time.ts';
import { instantOut } from '../schemas.ts';

/** Returns the schema of an overage, with this schema of its percentage. */
export const overageOf = <Percent extends z.ZodType>(percent: Percent) =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('NONE') }),
    z.strictObject({ kind: z.literal('RATIO'), percent }),
    z.strictObject({ kind: z.literal('ALWAYS') }),
  ]);

const resets = z.enum(meterResets).meta({
  description:
    'When the use begins at 0: with each renewed TERM, NEVER, or at the end of each day, week, month or year. Days and the longer periods count from the start of the running term in the time zone of the license.',
});
const overageIn = overageOf(z.int().min(100)).meta({
  description: 'How far the use may exceed the limit. Absent: as the overage of the policy says.',
});

/** A limit as the API shows it. */
export const limitOut = z.union([z.int(), z.literal(unlimited)]).meta({
  id: 'Limit',
  description: 'How much may be in use: a whole number, or unlimited when the license or policy does not limit it.',
});

/** Returns the schema of a meter in a request: its limit alone, or with its rules. */
export const meterIn = <LimitSchema extends z.ZodType>(limit: LimitSchema) =>
  z.union([limit, z.strictObject({ limit, resets: resets.exactOptional(), overage: overageIn.exactOptional() })]);

type MeterIn<Value> = Value | ({ readonly limit: Value } & MeterRule);

/** Returns the limits of a request with the rules of their meters apart, as the domain has them. */
export const withRulesApart = <Value extends Limit | null, Counts extends object>({
  meters,
  ...counts
}: Counts & { readonly meters?: Readonly<Record<string, MeterIn<Value>>> | undefined }) => {
  if (meters === undefined) return counts as Omit<Counts, 'meters'> & Apart<Value>;
  const limits: Record<string, Value> = {};
  const meterRules: Record<string, MeterRule> = {};
  for (const [meter, value] of Object.entries(meters)) {
    if (typeof value !== 'object' || value === null) limits[meter] = value as Value;
    else {
      const { limit, ...rule } = value;
      limits[meter] = limit;
      if (Object.keys(rule).length > 0) meterRules[meter] = rule;
    }
  }
  return { ...counts, meters: limits, ...(Object.keys(meterRules).length === 0 ? {} : { meterRules }) } as Omit<
    Counts,
    'meters'
  > &
    Apart<Value>;
};

type Apart<Value> = {
  meters?: Readonly<Record<string, Value>> | undefined;
  meterRules?: MeterRules | undefined;
};

const overageOut = overageOf(z.int());

/** A meter as the API shows it: its limit alone when its rules are the plain ones. */
export const meterOut = z
  .union([limitOut, z.strictObject({ limit: limitOut, resets, overage: overageOut })])
  .meta({ id: 'MeterLimit' });

type Limits = { readonly meters: LicenseFacts['limits']['meters'] };

/** Returns the meters of a policy as the API shows them. */
export const policyMeters = ({ meters }: Limits, policy: PinnedPolicy) =>
  metersBody({ meters }, (meter) => ruleOf({ policy, overrides: null }, meter), policy);

/** Returns the meters of a license as the API shows them. */
export const licenseMeters = (facts: LicenseFacts) =>
  hasMeterRules(facts) ? metersBody(facts.limits, (meter) => ruleOf(facts, meter), facts.policy) : facts.limits.meters;

const metersBody = ({ meters }: Limits, ruled: (meter: string) => MeterRule, { overage: ofPolicy }: PinnedPolicy) =>
  Object.fromEntries(
    Object.entries(meters).map(([meter, limit]): [string, z.output<typeof meterOut>] => {
      const { resets: period = 'TERM', overage } = ruled(meter);
      const isPlain = period === 'TERM' && overage === undefined;
      return [meter, isPlain ? limit : { limit, resets: period, overage: overage ?? ofPolicy }];
    }),
  );

/** A meter among the overrides of a license: what the issuer set of it. Null: it removed the meter. */
export const overriddenMeter = z
  .union([
    limitOut.nullable(),
    z.strictObject({ limit: limitOut.optional(), resets: resets.optional(), overage: overageOut.optional() }),
  ])
  .meta({ id: 'OverriddenMeter' });

/** Returns the meters among the overrides of a license as the API shows them. */
export const overriddenMeters = ({ meters = {}, meterRules = {} }: LimitOverrides) => {
  const all: Record<string, z.output<typeof overriddenMeter>> = { ...meters };
  for (const [meter, rule] of Object.entries(meterRules)) {
    const limit = meters[meter];
    all[meter] = { ...(limit === undefined || limit === null ? {} : { limit }), ...rule };
  }
  return all;
};

/** The running periods of the meters that do not count for the term. */
export const periodsOut = z
  .record(z.string(), z.strictObject({ startsAt: instantOut, endsAt: instantOut.nullable() }))
  .meta({
    description:
      'The running periods of the meters that do not count for the term. Their use begins at 0 at endsAt. It is null when no such instant is known, as for a meter that resets NEVER. Absent when every meter counts for the term.',
  });

/** Returns the running periods at `at` of the meters that do not count for the term; undefined: all do. */
export const periodsOf = (facts: LicenseFacts, at: Instant): z.output<typeof periodsOut> | undefined => {
  if (!hasMeterRules(facts)) return undefined;
  const own = Object.keys(facts.limits.meters).filter((meter) => resetsOf(facts, meter) !== 'TERM');
  if (own.length === 0) return undefined;
  return Object.fromEntries(
    own.flatMap((meter) => {
      const period = ownPeriod(facts, meter, at);
      return period === null ? [] : [[meter, { startsAt: period.from, endsAt: ownResetAt(period, facts, at) }]];
    }),
  );
};
