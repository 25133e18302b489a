import { policyTexts } from '../../texts/policy-texts.ts';

/** How the value of a rule is written. `optional`: the rule may be absent. */
export type RuleKind =
  | { readonly kind: 'choice'; readonly values: readonly string[]; readonly optional?: true }
  | { readonly kind: 'choices'; readonly values: readonly string[] }
  | { readonly kind: 'yes or no' }
  | { readonly kind: 'seconds' | 'duration' | 'number' | 'text'; readonly optional?: true }
  | { readonly kind: 'durations' };

/** A rule of a policy: its path in the API, and how its value is written. */
export type Rule = { readonly path: RulePath; readonly rule: RuleKind };

/** The place of a rule in a policy. A dot leads to a member. */
export type RulePath = Exclude<
  keyof typeof policyTexts.fields,
  'name' | 'tier' | 'products' | 'term' | 'activations' | 'leases' | 'users' | 'meter' | 'entitlement'
>;

/** The groups of rules in the order of the form. */
export type RuleGroup = 'term' | 'renewal' | 'limits' | 'devices' | 'seats' | 'checks' | 'trial';

const choice = (of: keyof typeof policyTexts.values, more: { readonly optional?: true } = {}): RuleKind => ({
  kind: 'choice',
  values: Object.keys(policyTexts.values[of]),
  ...more,
});
const yesOrNo: RuleKind = { kind: 'yes or no' };
const seconds: RuleKind = { kind: 'seconds' };
const optional = (kind: 'seconds' | 'duration' | 'number' | 'text'): RuleKind => ({ kind, optional: true });

/** The rules of a policy, without what it sells, its term and its limits. */
export const rules: Readonly<Record<RuleGroup, readonly Rule[]>> = {
  term: [
    { path: 'type', rule: choice('type') },
    { path: 'expiryStrategy', rule: choice('expiryStrategy') },
    { path: 'expiryGraceSeconds', rule: seconds },
    { path: 'offlineGraceSeconds', rule: seconds },
    { path: 'validationTtlSeconds', rule: seconds },
    { path: 'maintenance', rule: optional('duration') },
    { path: 'remindBefore', rule: { kind: 'durations' } },
  ],
  renewal: [
    { path: 'renewalDuration', rule: optional('duration') },
    { path: 'renewalBasis', rule: choice('renewalBasis', { optional: true }) },
    { path: 'renewUntilSeconds', rule: optional('seconds') },
    { path: 'reinstateOnPayment', rule: yesOrNo },
  ],
  limits: [
    { path: 'overage', rule: choice('overage') },
    { path: 'overagePercent', rule: optional('number') },
    { path: 'limitStrategy', rule: choice('limitStrategy') },
    { path: 'usagePerMinute', rule: { kind: 'number' } },
  ],
  devices: [
    { path: 'fingerprintMatching', rule: choice('fingerprintMatching') },
    { path: 'componentCheck', rule: choice('componentCheck') },
    { path: 'fingerprintUniqueness', rule: choice('fingerprintUniqueness') },
    { path: 'devicesPerUser', rule: optional('number') },
    { path: 'deactivateUnseenAfter', rule: optional('duration') },
    { path: 'deactivation.allowed', rule: yesOrNo },
    { path: 'deactivation.cooldownSeconds', rule: seconds },
    { path: 'deactivation.maxPerTerm', rule: optional('number') },
    { path: 'deactivateOnUnassign', rule: yesOrNo },
    { path: 'deactivateByKey', rule: choice('deactivateByKey') },
    { path: 'deviceNamesByKey', rule: yesOrNo },
    { path: 'keepAddressPrefix', rule: yesOrNo },
  ],
  seats: [
    { path: 'lease.scope', rule: choice('lease.scope') },
    { path: 'lease.ttlSeconds', rule: seconds },
    { path: 'lease.resurrectSeconds', rule: seconds },
    { path: 'lease.borrowMaxSeconds', rule: seconds },
    { path: 'heartbeatSeconds', rule: optional('seconds') },
    { path: 'reclaimBorrowed', rule: yesOrNo },
  ],
  checks: [
    { path: 'checkInSeconds', rule: optional('seconds') },
    { path: 'environment', rule: optional('text') },
    { path: 'versions.from', rule: optional('text') },
    { path: 'versions.below', rule: optional('text') },
    { path: 'fingerprintRequired', rule: yesOrNo },
    { path: 'productRequired', rule: yesOrNo },
    { path: 'versionRequired', rule: yesOrNo },
    { path: 'environmentRequired', rule: yesOrNo },
    { path: 'userRequired', rule: yesOrNo },
    { path: 'releasedAtRequired', rule: yesOrNo },
    { path: 'leaseRequired', rule: yesOrNo },
  ],
  trial: [
    { path: 'trialEnd', rule: choice('trialEnd') },
    { path: 'trialDays', rule: choice('trialDays') },
    {
      path: 'trialAddressIgnores',
      rule: { kind: 'choices', values: Object.keys(policyTexts.values.trialAddressIgnores) },
    },
    { path: 'transferable', rule: yesOrNo },
  ],
};

/** All rules, in the order of the form. */
export const allRules: readonly Rule[] = Object.values(rules).flat();
