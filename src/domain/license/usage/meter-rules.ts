import type { Instant } from '../../time.ts';
import type { LimitsChange, Overage } from './usage-limits.ts';

/**
 * Lists when a meter begins at 0 again. TERM: with each renewed term. NEVER: never. The others are calendar durations:
 * at the end of each of these periods, counted from the start of the running term.
 */
export const meterResets = ['TERM', 'NEVER', 'P1D', 'P1W', 'P1M', 'P1Y'] as const;
export type MeterResets = (typeof meterResets)[number];

/** The rules of a meter. Without `resets` it is TERM. Without `overage` the overage of the policy applies. */
export type MeterRule = { readonly resets?: MeterResets; readonly overage?: Overage };

/** The rules of meters by name. A meter without an entry has an empty rule. */
export type MeterRules = Readonly<Record<string, MeterRule>>;

/** A change of limits with that of the rules of meters, in which an absent member of a rule stays as it is. */
export type LimitsAndRules = LimitsChange & { readonly meterRules?: MeterRules | undefined };

/** What the rules of the meters of a license are read from. */
type Ruled = {
  readonly policy: { readonly overage: Overage; readonly meterRules?: MeterRules };
  readonly overrides: { readonly limits?: { readonly meterRules?: MeterRules } } | null;
};

/** Returns the rule of a meter: each member as the issuer set it for the license, otherwise as its policy says. */
export const ruleOf = ({ policy, overrides }: Ruled, meter: string): MeterRule => ({
  ...own(policy.meterRules, meter),
  ...own(overrides?.limits?.meterRules, meter),
});

/**
 * The period of a meter that has its own: `[from, until)`. `until` null: it has no end. The end of the last term and the
 * start of a renewed one end it earlier, except NEVER.
 */
export type MeterPeriod = {
  readonly resets: Exclude<MeterResets, 'TERM'>;
  readonly from: Instant;
  readonly until: Instant | null;
};

/** Returns true when a meter of the license may have a rule that is not empty. */
export const hasMeterRules = ({ policy, overrides }: Ruled): boolean =>
  policy.meterRules !== undefined || overrides?.limits?.meterRules !== undefined;

/** Returns when a meter of the license begins at 0 again. */
export const resetsOf = (facts: Ruled, meter: string): MeterResets => ruleOf(facts, meter).resets ?? 'TERM';

/** Returns how far the use of a meter of the license may exceed its limit. */
export const overageOf = (facts: Ruled, meter: string): Overage => ruleOf(facts, meter).overage ?? facts.policy.overage;

/** Returns both rules as one: each member of `after` replaces that of `before`. */
export const mergedRules = (before: MeterRules = {}, after: MeterRules = {}): MeterRules => {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.fromEntries(names.map((name) => [name, { ...own(before, name), ...own(after, name) }]));
};

// Every object has a member `constructor`, so a lookup by that name would not return a rule.
const own = (rules: MeterRules | undefined, meter: string): MeterRule =>
  rules !== undefined && Object.hasOwn(rules, meter) ? (rules[meter] ?? {}) : {};
