import type { Entitlement } from '../license/grants/entitlement.ts';
import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import { type PinnedPolicy, type Tier, type TrialAddressVariation, trialAddressVariations } from '../license/policy.ts';
import { usagePerMinuteDefault } from '../license/usage/judge-usage.ts';
import type { MeterRules } from '../license/usage/meter-rules.ts';
import { changedLimits, type Limit } from '../license/usage/usage-limits.ts';
import type { PolicyContent } from './commands.ts';
import type { PolicyTerm, PolicyVersion } from './events.ts';
import { builtInTerm } from './open-catalog.ts';
import { requirementsOf } from './required-scopes.ts';

/** The changes of a policy; null removes an optional rule. */
export type PolicyChange = {
  readonly name?: string;
  readonly products?: readonly string[];
  readonly term?: PolicyTerm;
  readonly limits?: {
    readonly activations?: Limit | undefined;
    readonly seats?: Limit | undefined;
    readonly users?: Limit | undefined;
    readonly meters?: Readonly<Record<string, Limit>> | undefined;
    /** The rules of these meters. */
    readonly meterRules?: MeterRules | undefined;
  };
  readonly entitlements?: readonly Omit<Entitlement, 'source'>[];
} & RulesChange;

type RulesChange = Partial<Omit<PinnedPolicy, 'policyId' | 'version' | 'meterRules' | Nested | OptionalRule>> & {
  readonly [Rule in Exclude<Nested, 'versions'>]?: Partial<PinnedPolicy[Rule]>;
} & {
  readonly [Rule in OptionalRule]?: PinnedPolicy[Rule] | null;
} & { readonly versions?: Partial<NonNullable<PinnedPolicy['versions']>> | null };

type Nested = 'deactivation' | 'lease' | 'versions';
type OptionalRule =
  | 'renewUntilSeconds'
  | 'renewalDuration'
  | 'renewalBasis'
  | 'checkInSeconds'
  | 'devicesPerUser'
  | 'deactivateUnseenAfter'
  | 'environment'
  | 'maintenance';

/** Returns the built-in policy of a tier, with these changes. */
export const contentOfTier = (tier: Tier, name: string, change: PolicyChange): PolicyContent => {
  const { limits, entitlements } = builtInDefaults[tier];
  const rules = builtInPolicy(tier, '');
  return changed({ name, rules, products: [], term: builtInTerm(tier), limits, entitlements }, change);
};

/** Returns the next version of a policy: the last version, with these changes. */
export const contentAfter = ({ policy, ...defaults }: PolicyVersion, change: PolicyChange): PolicyContent =>
  changed({ ...defaults, rules: policy }, change);

type Base = Omit<PolicyContent, 'rules'> & { readonly rules: PinnedPolicy };

const changed = (base: Base, change: PolicyChange): PolicyContent => {
  const { name = base.name, products = base.products, term = base.term, limits: limit = {}, ...others } = change;
  const { entitlements, ...rulesChange } = others;
  const rules = { ...rulesOf(base.rules, rulesChange), ...meterRulesOf(base, limit) };
  // A change of meters replaces all meters of the policy.
  const limits = { ...changedLimits(base.limits, limit), meters: limit.meters ?? base.limits.meters };
  const source = rules.type === 'TRIAL' ? 'trial' : 'tier';
  return {
    name,
    products,
    term,
    rules: { ...rules, ...requirementsOf(base, { rules, limits }, change) },
    limits,
    entitlements: (entitlements ?? base.entitlements).map((entitlement) => ({ ...entitlement, source })),
  };
};

// Like the meters themselves, their rules are replaced as a whole. Rules without effect are left out.
const meterRulesOf = ({ rules }: Base, { meters, meterRules = {} }: NonNullable<PolicyChange['limits']>) => {
  if (meters === undefined) return rules.meterRules === undefined ? {} : { meterRules: rules.meterRules };
  const effective = Object.entries(meterRules).flatMap(([meter, { resets = 'TERM', overage }]) => {
    const rule = { ...(resets === 'TERM' ? {} : { resets }), ...(overage === undefined ? {} : { overage }) };
    return Object.keys(rule).length === 0 ? [] : [[meter, rule] as const];
  });
  return effective.length === 0 ? {} : { meterRules: Object.fromEntries(effective) };
};

const inOrder = (ignored: readonly TrialAddressVariation[]): readonly TrialAddressVariation[] =>
  trialAddressVariations.filter((variation) => ignored.includes(variation));

type Rules = PolicyContent['rules'];

/**
 * Leaves out optional rules without effect, so that writing their default does not create another version. Leaves out,
 * too, what a validation must name, which depends on the restrictions.
 */
const rulesOf = (base: PinnedPolicy, change: RulesChange): Rules => {
  const { policyId: _policyId, version: _version, ...before } = base;
  const {
    renewUntilSeconds,
    renewalDuration,
    renewalBasis,
    checkInSeconds,
    environment,
    maintenance,
    versions,
    versionRequired: _versionRequired,
    environmentRequired: _environmentRequired,
    userRequired: _userRequired,
    releasedAtRequired: _releasedAtRequired,
    leaseRequired,
    reclaimBorrowed,
    deactivateOnUnassign,
    devicesPerUser,
    deactivateUnseenAfter,
    keepAddressPrefix,
    deactivateByKey,
    componentCheck,
    fingerprintUniqueness,
    usagePerMinute,
    trialDays,
    trialAddressIgnores: ignored = [],
    meterRules: _meterRules,
    ...rules
  } = {
    ...before,
    ...change,
    deactivation: { ...before.deactivation, ...change.deactivation },
    lease: { ...before.lease, ...change.lease },
    versions: change.versions === null ? null : { from: null, below: null, ...before.versions, ...change.versions },
  };
  const isBound = versions !== null && (versions.from !== null || versions.below !== null);
  return {
    ...rules,
    ...(renewUntilSeconds === undefined || renewUntilSeconds === null ? {} : { renewUntilSeconds }),
    ...(renewalDuration === undefined || renewalDuration === null ? {} : { renewalDuration }),
    ...(renewalBasis === undefined || renewalBasis === null ? {} : { renewalBasis }),
    ...(checkInSeconds === undefined || checkInSeconds === null ? {} : { checkInSeconds }),
    ...(environment === undefined || environment === null ? {} : { environment }),
    ...(maintenance === undefined || maintenance === null ? {} : { maintenance }),
    ...(isBound ? { versions } : {}),
    ...(leaseRequired === true ? { leaseRequired } : {}),
    ...(reclaimBorrowed === true ? { reclaimBorrowed } : {}),
    ...(deactivateOnUnassign === true ? { deactivateOnUnassign } : {}),
    ...(devicesPerUser === undefined || devicesPerUser === null ? {} : { devicesPerUser }),
    ...(deactivateUnseenAfter === undefined || deactivateUnseenAfter === null ? {} : { deactivateUnseenAfter }),
    ...(keepAddressPrefix === true ? { keepAddressPrefix } : {}),
    ...(deactivateByKey === 'OWN' ? { deactivateByKey } : {}),
    ...(componentCheck === undefined || componentCheck === 'NONE' ? {} : { componentCheck }),
    ...(fingerprintUniqueness === undefined || fingerprintUniqueness === 'LICENSE' ? {} : { fingerprintUniqueness }),
    ...(usagePerMinute === undefined || usagePerMinute === usagePerMinuteDefault ? {} : { usagePerMinute }),
    ...(trialDays === 'KEEP' ? { trialDays } : {}),
    ...(ignored.length === 0 ? {} : { trialAddressIgnores: inOrder(ignored) }),
  };
};
