import type { InputOf } from '@license-ledger/client';
import { exactInstantIn, localText } from '../../parts/dates.ts';
import { isoDurationIn, lengthText, secondsIn, secondsText } from '../../parts/durations.ts';
import { newRow, type Row } from '../../parts/input-rows.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { Policy } from '../../types.ts';
import { limitIn, meterRequestIn, meterRowOf } from '../issue/limit-texts.ts';
import { grantFaults, meterFaults } from '../issue/row-faults.ts';
import { valueAt } from './policy-values.ts';
import { allRules, type Rule, type RulePath } from './rule-kinds.ts';

/** What was typed into the form of a policy. Empty texts stand for the value of the tier, or for none. */
export type PolicyForm = {
  readonly name: string;
  readonly tier: Policy['tier'];
  readonly products: readonly string[];
  readonly basis: keyof typeof catalogTexts.policies.bases;
  readonly length: string;
  readonly ends: string;
  readonly activations: string;
  readonly seats: string;
  readonly users: string;
  readonly meters: readonly Row[];
  readonly grants: readonly Row[];
  readonly rules: Readonly<Partial<Record<RulePath, string>>>;
};

/** A change of a policy, or a new one. */
export type PolicyChange = NonNullable<InputOf<'changePolicy'>['body']>;

/** What is wrong with the fields of the form, by their names, the paths of their rules, and `placeInRow`. */
export type PolicyFaults = Readonly<Record<string, string>>;

/** The form of a new policy before anything was typed. */
export const emptyPolicyForm: PolicyForm = {
  name: '',
  tier: 'PRO',
  products: [],
  basis: '',
  length: '',
  ends: '',
  activations: '',
  seats: '',
  users: '',
  meters: [],
  grants: [],
  rules: {},
};

/** Returns the form of a policy as it is. */
export const formOfPolicy = (policy: Policy): PolicyForm => {
  const { name, tier, products, term, limits, entitlements } = policy;
  return {
    name,
    tier,
    products,
    basis: term.basis,
    length: 'duration' in term ? lengthText(term.duration) : '',
    ends: term.basis === 'FIXED' ? localText(term.expiresAt) : '',
    activations: String(limits.activations),
    seats: String(limits.seats),
    users: String(limits.users),
    meters: Object.entries(limits.meters).map(([meter, limit]) => newRow(meterRowOf(meter, limit))),
    grants: entitlements.map(({ code, value, limit, until }) =>
      newRow({
        code,
        value: value ?? '',
        limit: limit === null ? '' : String(limit),
        until: until === null ? '' : localText(until),
      }),
    ),
    rules: Object.fromEntries(allRules.map((rule) => [rule.path, textOf(rule, valueAt(policy, rule.path))])),
  };
};

/** Returns the value of a rule as the form writes it. */
const textOf = ({ rule }: Rule, value: unknown): string => {
  if (value === null || value === undefined) return '';
  switch (rule.kind) {
    case 'yes or no':
      return value === true ? 'yes' : 'no';
    case 'seconds':
      return secondsText(Number(value)).replaceAll(',', '');
    case 'duration':
      return value === 'TERM' ? 'term' : lengthText(String(value));
    case 'durations':
      return (value as readonly string[]).map(lengthText).join(', ');
    case 'choices':
      return (value as readonly string[]).join(', ');
    default:
      return String(value);
  }
};

const invalid = Symbol('invalid');

/** Returns the value of the API for a text of the form. `invalid` when the text is no such value. */
const typedValue = ({ path, rule }: Rule, typed: string): unknown => {
  const text = typed.trim();
  if (rule.kind === 'choices') return text === '' ? [] : text.split(', ');
  if (rule.kind === 'durations') {
    const all = text === '' ? [] : text.split(',').map(isoDurationIn);
    return all.includes(null) ? invalid : all;
  }
  if (text === '') return 'optional' in rule ? null : invalid;
  switch (rule.kind) {
    case 'yes or no':
      return text === 'yes';
    case 'seconds':
      return secondsIn(text) ?? invalid;
    case 'duration':
      return path === 'maintenance' && text.toLowerCase() === 'term' ? 'TERM' : (isoDurationIn(text) ?? invalid);
    case 'number':
      return /^[0-9]{1,12}$/.test(text) ? Number(text) : invalid;
    default:
      return text;
  }
};

/** Returns what is wrong in a form. Empty when it can be sent. `initial`: the form before anything was typed. */
export const policyFaultsOf = (form: PolicyForm, initial: PolicyForm): PolicyFaults => {
  const { faults } = issueTexts;
  const wrong: Record<string, string> = { ...meterFaults(form.meters), ...grantFaults(form.grants) };
  if (form.name.trim() === '') wrong.name = faults.missing;
  if (isLength(form.basis) && isoDurationIn(form.length) === null) wrong.length = faults.duration;
  if (form.basis === 'FIXED' && exactInstantIn(form.ends, []) === null) wrong.ends = faults.instant;
  for (const name of ['activations', 'seats', 'users'] as const) {
    const limit = limitIn(form[name]);
    if (limit === 'wrong' || (limit === null && initial[name] !== '')) wrong[name] = faults.limit;
  }
  for (const { path, rule } of changedRules(form, initial))
    if (typedValue({ path, rule }, form.rules[path] ?? '') === invalid)
      wrong[path] = faultTexts[rule.kind] ?? faults.missing;
  const percent = form.rules.overagePercent?.trim() ?? '';
  if (isOverageChanged(form, initial) && hasPercent(form) && !(/^[0-9]{1,12}$/.test(percent) && Number(percent) >= 100))
    wrong.overagePercent = catalogTexts.faults.percent;
  return wrong;
};

const faultTexts: Readonly<Partial<Record<Rule['rule']['kind'], string>>> = {
  number: catalogTexts.faults.number,
  seconds: catalogTexts.faults.seconds,
  duration: catalogTexts.faults.duration,
  durations: catalogTexts.faults.duration,
};

const isLength = (basis: PolicyForm['basis']): boolean => !['', 'PERPETUAL', 'FIXED'].includes(basis);

const changedRules = (form: PolicyForm, initial: PolicyForm): readonly Rule[] =>
  allRules.filter(
    ({ path }) =>
      (form.rules[path] ?? '') !== (initial.rules[path] ?? '') && (path !== 'overagePercent' || hasPercent(form)),
  );

/** Returns true when the overage has a percentage. Otherwise its field is hidden. */
export const hasPercent = ({ rules }: PolicyForm): boolean => rules.overage === 'RATIO';

const isOverageChanged = (form: PolicyForm, initial: PolicyForm): boolean =>
  changedRules(form, initial).some(({ path }) => path === 'overage' || path === 'overagePercent');

/**
 * Returns what the form changes, as the API takes it. `policy`: the policy as it is; null for a new one. What was not
 * changed is left out, so that it stays as it is.
 */
export const policyChangeOf = (form: PolicyForm, initial: PolicyForm, policy: Policy | null): PolicyChange => ({
  ...(form.name === initial.name ? {} : { name: form.name.trim() }),
  ...(form.tier === initial.tier ? {} : { tier: form.tier }),
  ...(form.products.join() === initial.products.join() ? {} : { products: [...form.products] }),
  ...termIn(form, initial, policy),
  ...limitsIn(form, initial),
  ...(rowsText(form.grants) === rowsText(initial.grants)
    ? {}
    : { entitlements: form.grants.map((row) => entitlementOf(row, exactOf(policy))) }),
  ...rulesIn(form, initial),
});

const termIn = (form: PolicyForm, initial: PolicyForm, policy: Policy | null): Pick<PolicyChange, 'term'> => {
  const { basis, length, ends } = form;
  if (basis === '' || [basis, length, ends].join() === [initial.basis, initial.length, initial.ends].join()) return {};
  if (basis === 'PERPETUAL') return { term: { basis } };
  if (basis === 'FIXED') return { term: { basis, expiresAt: exactInstantIn(ends, exactOf(policy)) ?? '' } };
  return { term: { basis, duration: isoDurationIn(length) ?? length } };
};

const limitsIn = (form: PolicyForm, initial: PolicyForm): Pick<PolicyChange, 'limits'> => {
  const counts = (['activations', 'seats', 'users'] as const).flatMap((name) => {
    const limit = limitIn(form[name]);
    return form[name] === initial[name] || limit === null || limit === 'wrong' ? [] : [[name, limit] as const];
  });
  const meters = rowsText(form.meters) === rowsText(initial.meters) ? null : form.meters;
  if (counts.length === 0 && meters === null) return {};
  const metersPart =
    meters === null
      ? {}
      : { meters: Object.fromEntries(meters.map((row) => [row.name?.trim() ?? '', meterRequestIn(row)])) };
  return { limits: { ...Object.fromEntries(counts), ...metersPart } };
};

const entitlementOf = ({ code = '', value = '', limit = '', until = '' }: Row, exact: readonly string[]) => {
  const count = limitIn(limit);
  const end = exactInstantIn(until, exact);
  return {
    code: code.trim(),
    ...(value.trim() === '' ? {} : { value: value.trim() }),
    ...(typeof count === 'number' ? { limit: count } : {}),
    ...(end === null ? {} : { until: end }),
  };
};

/** Returns the instants of a policy, which fields that were not touched keep to the millisecond. */
const exactOf = (policy: Policy | null): readonly string[] => [
  ...(policy?.term.basis === 'FIXED' ? [policy.term.expiresAt] : []),
  ...(policy?.entitlements.flatMap(({ until }) => until ?? []) ?? []),
];

const rowsText = (rows: readonly Row[]): string => JSON.stringify(rows.map(({ id: _, ...fields }) => fields));

/** Returns the rules that were changed, in the members of the API. */
const rulesIn = (form: PolicyForm, initial: PolicyForm): PolicyChange => {
  const change: Record<string, unknown> = {};
  for (const { path, rule } of changedRules(form, initial)) {
    const [name = '', member] = path.split('.');
    if (name.startsWith('overage') || name === 'versions') continue;
    const value = typedValue({ path, rule }, form.rules[path] ?? '');
    change[name] = member === undefined ? value : { ...(change[name] as object | undefined), [member]: value };
  }
  const paths = changedRules(form, initial).map(({ path }) => path);
  if (isOverageChanged(form, initial)) change.overage = overageIn(form);
  if (paths.includes('versions.from') || paths.includes('versions.below')) change.versions = versionsIn(form);
  return change as PolicyChange;
};

const overageIn = (form: PolicyForm): PolicyChange['overage'] =>
  hasPercent(form)
    ? { kind: 'RATIO', percent: Number(form.rules.overagePercent) }
    : { kind: form.rules.overage as 'NONE' | 'ALWAYS' };

const versionsIn = ({ rules }: PolicyForm): PolicyChange['versions'] => {
  const [from, below] = [rules['versions.from']?.trim() ?? '', rules['versions.below']?.trim() ?? ''];
  if (from === '' && below === '') return null;
  return { from: from === '' ? null : from, below: below === '' ? null : below };
};
