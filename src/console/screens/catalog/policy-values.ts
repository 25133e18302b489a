import { dayOf, number } from '../../parts/dates.ts';
import { durationText, secondsText } from '../../parts/durations.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import { allRules, type Rule } from './rule-kinds.ts';

/** A field of a policy with its value in words. `key` tells it from the others. */
export type PolicyField = { readonly key: string; readonly name: string; readonly value: string };

/** A field that differs between two versions of a policy. Null: the version does not have it. */
export type PolicyDifference = {
  readonly key: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
};

type Limit = Policy['limits']['activations'];
type Meter = Policy['limits']['meters'][string];

/** Returns a limit in words. */
export const limitText = (limit: Limit): string => (limit === 'unlimited' ? policyTexts.unlimited : number(limit));

/** Returns how far usage may exceed a limit, in words. */
const overageText = (overage: Policy['overage']): string =>
  overage.kind === 'RATIO' ? policyTexts.percent(overage.percent) : policyTexts.values.overage[overage.kind];

/** Returns the limit of a meter with its period and its own overage, in words. */
export const meterText = (meter: Meter): string => {
  if (typeof meter !== 'object') return limitText(meter);
  const { limit, resets, overage } = meter;
  const period = policyTexts.meterLimit(limitText(limit), policyTexts.values.resets[resets]);
  return `${period}, ${policyTexts.fields.overage.toLowerCase()}: ${overageText(overage)}`;
};

/** Returns the term of a policy in words. */
export const termText = (term: Policy['term']): string => {
  if (term.basis === 'PERPETUAL') return policyTexts.perpetual;
  if (term.basis === 'FIXED') return policyTexts.until(dayOf(term.expiresAt));
  return policyTexts.duration(durationText(term.duration), policyTexts.values.basis[term.basis]);
};

/** Returns what a policy or a license grants of a code, in words. */
export const entitlementText = ({
  value = null,
  limit = null,
  until = null,
}: {
  readonly value?: string | null;
  readonly limit?: number | null;
  readonly until?: string | null;
}): string =>
  [
    value ?? (limit === null ? policyTexts.entitlement : null),
    limit === null ? null : policyTexts.withLimit(number(limit)),
    until === null ? null : policyTexts.until(dayOf(until)),
  ]
    .filter((part) => part !== null)
    .join(', ');

/** Returns the member of a policy at the place of a rule. Returns undefined when it does not exist. */
export const valueAt = (policy: Policy, path: Rule['path']): unknown => {
  if (path === 'overage') return policy.overage.kind;
  if (path === 'overagePercent') return policy.overage.kind === 'RATIO' ? policy.overage.percent : null;
  return path.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null)?.[name], policy);
};

/** Returns the value of a rule in words. */
export const ruleText = ({ path, rule }: Rule, value: unknown): string => {
  if (value === null || value === undefined) return absentText(path);
  switch (rule.kind) {
    case 'yes or no':
      return value === true ? policyTexts.yes : policyTexts.no;
    case 'seconds':
      return value === 0 ? policyTexts.noTime : secondsText(Number(value));
    case 'number':
      return number(Number(value));
    case 'duration':
      return value === 'TERM' ? policyTexts.withTerm : durationText(String(value));
    case 'durations':
      return listText((value as readonly string[]).map(durationText));
    case 'choice':
      return choiceText(path, String(value));
    case 'choices':
      return listText((value as readonly string[]).map((item) => choiceText(path, item)));
    case 'text':
      return String(value);
  }
};

/** Returns what the absence of a rule means. */
export const absentText = (path: Rule['path']): string => {
  const named: Readonly<Record<string, string>> = policyTexts.absent;
  return named[path] ?? policyTexts.none;
};

const listText = (items: readonly string[]): string => (items.length === 0 ? policyTexts.none : items.join(', '));

/** Returns a value of a choice in words. */
export const choiceText = (path: string, value: string): string => {
  const named: Readonly<Record<string, Readonly<Record<string, string>>>> = policyTexts.values;
  return named[path]?.[value] ?? value;
};

/** Returns every field of a policy with its value in words, in the order of the form. */
export const fieldsOf = (policy: Policy): readonly PolicyField[] => {
  const { fields } = policyTexts;
  const { limits } = policy;
  return [
    { key: 'name', name: fields.name, value: policy.name },
    { key: 'tier', name: fields.tier, value: policyTexts.values.tier[policy.tier] },
    { key: 'products', name: fields.products, value: listText(policy.products) },
    { key: 'term', name: fields.term, value: termText(policy.term) },
    { key: 'limits.activations', name: fields.activations, value: limitText(limits.activations) },
    { key: 'limits.seats', name: fields.leases, value: limitText(limits.seats) },
    { key: 'limits.users', name: fields.users, value: limitText(limits.users) },
    ...Object.entries(limits.meters).map(([meter, limit]) => ({
      key: `limits.meters.${meter}`,
      name: fields.meter(meter),
      value: meterText(limit),
    })),
    ...policy.entitlements.map((entitlement) => ({
      key: `entitlements.${entitlement.code}`,
      name: fields.entitlement(entitlement.code),
      value: entitlementText(entitlement),
    })),
    ...allRules
      .filter(({ path }) => path !== 'overagePercent')
      .map((rule) => ({
        key: rule.path,
        name: fields[rule.path],
        value: rule.path === 'overage' ? overageText(policy.overage) : ruleText(rule, valueAt(policy, rule.path)),
      })),
  ];
};

/** Returns the fields that differ between two versions of a policy. */
export const differencesOf = (before: Policy, after: Policy): readonly PolicyDifference[] => {
  const [earlier, later] = [fieldsOf(before), fieldsOf(after)];
  const valueIn = (fields: readonly PolicyField[], key: string) =>
    fields.find((field) => field.key === key)?.value ?? null;
  const keys = new Set([...later, ...earlier].map(({ key }) => key));
  const names = new Map([...earlier, ...later].map(({ key, name }) => [key, name]));
  return [...keys]
    .map((key) => ({ key, name: names.get(key) ?? key, before: valueIn(earlier, key), after: valueIn(later, key) }))
    .filter((field) => field.before !== field.after);
};
