import type { PolicyContent } from '../../domain/catalog/commands.ts';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import { builtInTerm } from '../../domain/catalog/open.ts';
import type { PinnedPolicy, Tier } from '../../domain/license/events.ts';
import { changedLimits } from '../../domain/license/limits.ts';
import { builtInDefaults, builtInPolicy } from '../../domain/license/policies.ts';
import type { PolicyChange } from './policy-fields.ts';

/** What a request says of a policy, on top of the built-in one of its tier. */
export const contentOfTier = (tier: Tier, name: string, given: PolicyChange): PolicyContent => {
  const { limits, entitlements } = builtInDefaults[tier];
  const rules = builtInPolicy(tier, '');
  return changed({ name, rules, products: [], term: builtInTerm(tier), limits, entitlements }, given);
};

/** What a request says of a policy, on top of its last version. */
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
type RulesGiven = Omit<PolicyChange, 'name' | 'products' | 'term' | 'limits' | 'entitlements'>;

/** Rules that may be absent are so when they say nothing: saying that outright must not make another version. */
const rulesOf = (base: PinnedPolicy, given: RulesGiven): Rules => {
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
