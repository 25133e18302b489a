import type { Entitlement } from '../license/grants/entitlement.ts';
import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import type { PinnedPolicy, Tier } from '../license/policy.ts';
import { changedLimits } from '../license/usage/usage-limits.ts';
import type { PolicyContent } from './commands.ts';
import type { PolicyTerm, PolicyVersion } from './events.ts';
import { builtInTerm } from './open-catalog.ts';

/** What is to be otherwise in a policy; null takes a rule away that may be absent. */
export type PolicyChange = {
  readonly name?: string;
  readonly products?: readonly string[];
  readonly term?: PolicyTerm;
  readonly limits?: {
    readonly activations?: number | undefined;
    readonly seats?: number | undefined;
    readonly users?: number | undefined;
    readonly meters?: Readonly<Record<string, number>> | undefined;
  };
  readonly entitlements?: readonly Omit<Entitlement, 'source'>[];
} & RulesChange;

type RulesChange = Partial<Omit<PinnedPolicy, 'policyId' | 'version' | Nested | Absentable>> & {
  readonly [Rule in Exclude<Nested, 'versions'>]?: Partial<PinnedPolicy[Rule]>;
} & {
  readonly [Rule in Absentable]?: PinnedPolicy[Rule] | null;
} & { readonly versions?: Partial<NonNullable<PinnedPolicy['versions']>> | null };

type Nested = 'deactivation' | 'lease' | 'versions';
type Absentable = 'renewUntilSeconds' | 'checkInSeconds' | 'environment';

/** Returns a policy that is as the built-in one of its tier, besides what is given. */
export const contentOfTier = (tier: Tier, name: string, given: PolicyChange): PolicyContent => {
  const { limits, entitlements } = builtInDefaults[tier];
  const rules = builtInPolicy(tier, '');
  return changed({ name, rules, products: [], term: builtInTerm(tier), limits, entitlements }, given);
};

/** Returns the next version of a policy: as the last one, besides what is given. */
export const contentAfter = ({ policy, ...defaults }: PolicyVersion, given: PolicyChange): PolicyContent =>
  changed({ ...defaults, rules: policy }, given);

type Base = Omit<PolicyContent, 'rules'> & { readonly rules: PinnedPolicy };

const changed = (base: Base, given: PolicyChange): PolicyContent => {
  const { name = base.name, products = base.products, term = base.term, limits: limit = {}, ...others } = given;
  const { entitlements, ...rulesGiven } = others;
  const rules = rulesOf(base.rules, rulesGiven);
  const source = rules.type === 'TRIAL' ? 'trial' : 'tier';
  return {
    ...{ name, products, term, rules },
    // The meters of a policy are given as a whole.
    limits: { ...changedLimits(base.limits, limit), meters: limit.meters ?? base.limits.meters },
    entitlements: (entitlements ?? base.entitlements).map((each) => ({ ...each, source })),
  };
};

type Rules = PolicyContent['rules'];

/** Rules that may be absent are so when they say nothing: saying that outright must not make another version. */
const rulesOf = (base: PinnedPolicy, given: RulesChange): Rules => {
  const { policyId: _policyId, version: _version, ...before } = base;
  const {
    renewUntilSeconds,
    checkInSeconds,
    environment,
    versions,
    userRequired,
    leaseRequired,
    reclaimBorrowed,
    ...rules
  } = {
    ...before,
    ...given,
    deactivation: { ...before.deactivation, ...given.deactivation },
    lease: { ...before.lease, ...given.lease },
    versions: given.versions === null ? null : { from: null, below: null, ...before.versions, ...given.versions },
  };
  const isBound = versions !== null && (versions.from !== null || versions.below !== null);
  return {
    ...rules,
    ...(renewUntilSeconds === undefined || renewUntilSeconds === null ? {} : { renewUntilSeconds }),
    ...(checkInSeconds === undefined || checkInSeconds === null ? {} : { checkInSeconds }),
    ...(environment === undefined || environment === null ? {} : { environment }),
    ...(isBound ? { versions } : {}),
    ...(userRequired === true ? { userRequired } : {}),
    ...(leaseRequired === true ? { leaseRequired } : {}),
    ...(reclaimBorrowed === true ? { reclaimBorrowed } : {}),
  };
};
