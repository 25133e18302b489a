import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, later, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { withdrawKind, withdrawSuspensions } from '../scheduled/withdraw-announced.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { endOfDuration } from '../term/duration-end.ts';
import { repeatedConversion } from '../term/paid-terms.ts';
import { addConsequences, refuseTarget } from './policy-consequences.ts';
import type { ConversionTerm } from './tier-commands.ts';
import type { Target } from './tier-events.ts';

/**
 * Makes a trial a paid license with the same id, key and devices, the new policy, and a term that starts now. Withdraws
 * what was announced for the trial: tier changes, and suspensions for the payment that the conversion is. Repeating the
 * payment of a conversion changes nothing. Refuses a license that is no trial, also one that was converted before.
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
  for (const event of [...withdrawKind(facts, 'TIER', at), ...withdrawSuspensions(facts, 'PAYMENT', at)])
    draft.add(event);
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
      ...(term.kind === 'duration' ? { duration: term.duration } : {}),
    },
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
