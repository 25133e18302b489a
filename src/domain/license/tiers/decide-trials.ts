import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, later, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { endOfDuration } from '../term/duration-end.ts';
import { repeatedConversion } from '../term/paid-terms.ts';
import { addConsequences, refuseTarget, tierChanged } from './policy-consequences.ts';
import type { ConversionTerm } from './tier-commands.ts';
import type { Target } from './tier-events.ts';

/**
 * Makes a trial a paid license with the same id, key and devices, the new policy, and a term that starts now. Repeating
 * the payment of a conversion changes nothing. Refuses a license that is no trial, also one that was converted before.
 */
export const convertTrial = ({ data, at }: CommandOf<'ConvertTrial'>, license: IssuedLicense): LicenseDecision => {
  const { target, term, billingRef } = data;
  const { facts } = license;
  const { policy } = target;
  const refusal = refuseTarget(target) ?? refuseTrialPolicy(target);
  if (refusal !== null) return refusal;
  const repeated = repeatedConversion(license, data);
  if (repeated !== null) return repeated;
  if (facts.policy.type !== 'TRIAL')
    return reject(
      'INVALID_REQUEST',
      `License ${facts.licenseId} is no trial, so it cannot be converted; change its tier or renew it instead.`,
    );
  const countedFrom = term.kind === 'duration' ? paidFrom(facts, at) : at;
  const expiresAt = endOfFirstTerm(term, facts, { at, countedFrom });
  if (expiresAt !== null && typeof expiresAt !== 'string') return expiresAt;

  const draft = draftOf(license, at);
  for (const event of expiryAnnouncement(facts, at)) draft.add(event);
  draft.add({
    type: 'TrialConverted',
    data: {
      toTier: policy.tier,
      policyId: policy.policyId,
      policyVersion: policy.version,
      policy,
      daysUsed: Math.floor(secondsBetween(facts.term.startsAt ?? at, at) / 86_400),
      billingRef,
    },
  });
  const limitRefusal = addConsequences(draft, target, policy.limitStrategy);
  if (limitRefusal !== null) return limitRefusal;
  draft.add({
    type: 'LicenseTermStarted',
    data: {
      termNumber: facts.term.number + 1,
      startsAt: at,
      expiresAt,
      trigger: 'TRIAL_CONVERTED',
      ...(countedFrom === at ? {} : { countedFrom }),
    },
  });
  return draft.decided();
};

/**
 * Ends an expired trial, with the instant of its expiry. Announces the expiry and, when the policy says so,
 * downgrades the license without end. Changes nothing when the command repeats, comes too early, or names another
 * term.
 */
export const endTrial = ({ data, at }: CommandOf<'EndTrial'>, license: IssuedLicense): LicenseDecision => {
  const { facts } = license;
  const { number, expiresAt } = facts.term;
  const { type, trialEnd } = facts.policy;
  if (data.termNumber !== number || type !== 'TRIAL' || expiresAt === null || at < expiresAt) return [];
  if (trialEnd === 'EXPIRE') return expiryAnnouncement(facts, at);
  const refusal = refuseTarget(data.downgrade);
  if (refusal !== null) return refusal;

  const draft = draftOf(license, at);
  for (const event of expiryAnnouncement(facts, at)) draft.add(event);
  const change = { cause: 'TRIAL_ENDED', scheduledBy: null } as const;
  draft.add({ ...tierChanged(license, data.downgrade, change), effectiveAt: expiresAt });
  // Nothing may stop the end of a trial: usage above the lower limits stays or ends.
  const { limitStrategy } = data.downgrade.policy;
  const strategy = limitStrategy === 'REJECT' ? 'ALLOW_OVER' : limitStrategy;
  const limitRefusal = addConsequences(draft, data.downgrade, strategy);
  if (limitRefusal !== null) return limitRefusal;
  draft.add({
    type: 'LicenseTermStarted',
    data: { termNumber: number + 1, startsAt: expiresAt, expiresAt: null, trigger: 'TRIAL_ENDED' },
    effectiveAt: expiresAt,
  });
  return draft.decided();
};

const refuseTrialPolicy = ({ policy }: Target): Rejection<'INVALID_REQUEST'> | null =>
  policy.type === 'TRIAL'
    ? reject('INVALID_REQUEST', `A trial is converted to a paid policy; ${policy.policyId} is a policy for trials.`)
    : null;

/** Returns where the paid duration counts from: the end of the running trial if its policy keeps its days, else now. */
const paidFrom = ({ policy, term: { expiresAt } }: LicenseFacts, at: Instant): Instant =>
  policy.trialDays === 'KEEP' && expiresAt !== null ? later(expiresAt, at) : at;

const endOfFirstTerm = (
  term: ConversionTerm,
  { timeZone }: LicenseFacts,
  { at, countedFrom }: { readonly at: Instant; readonly countedFrom: Instant },
): Instant | null | Rejection<'TERM_INVALID'> => {
  if (term.kind === 'perpetual') return null;
  const expiresAt = term.kind === 'fixed' ? term.expiresAt : endOfDuration(countedFrom, term.duration, timeZone);
  if (typeof expiresAt !== 'string' || (isInstant(expiresAt) && expiresAt > at)) return expiresAt;
  return reject('TERM_INVALID', `A term that begins now cannot end at ${expiresAt}.`);
};
