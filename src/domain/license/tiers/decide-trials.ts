import { type Rejection, reject } from '../../decider.ts';
import { secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense } from '../license.ts';
import { policyMove } from '../overrides/policy-move.ts';
import { withdrawKind, withdrawSuspensions } from '../scheduled/withdraw-announced.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { maintenanceUnder } from '../term/maintenance.ts';
import { paymentName, repeatedPurchase } from '../term/paid-terms.ts';
import { startOfPaidTerm } from './first-paid-term.ts';
import { addConsequences, changedOverrides, refuseMove, refuseTarget } from './policy-consequences.ts';
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
  const repeated = repeatedPurchase(license, { policyId: policy.policyId, term, billingRef });
  if (repeated !== null) return repeated;
  if (facts.policy.type !== 'TRIAL')
    return reject(
      'INVALID_REQUEST',
      `License ${facts.licenseId} is no trial, so it cannot be converted. Change its tier with a term, or renew it.`,
    );
  const started = startOfPaidTerm(facts, term, { at, trigger: 'TRIAL_CONVERTED', policy });
  if ('rejected' in started) return started;

  const move = policyMove(facts, target);
  const excess = refuseMove(facts, move);
  if (excess !== null) return excess;
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
      billingRef: billingRef === null ? null : paymentName(billingRef),
      ...changedOverrides(license, move),
      ...maintenanceUnder(policy, facts),
    },
  });
  for (const event of [...withdrawKind(facts, 'TIER', at), ...withdrawSuspensions(facts, 'PAYMENT', at)])
    draft.add(event);
  const limitRefusal = addConsequences(draft, move, policy.limitStrategy);
  if (limitRefusal !== null) return limitRefusal;
  draft.add(started);
  return draft.decided();
};

const refuseTrialPolicy = ({ policy }: Target): Rejection<'INVALID_REQUEST'> | null =>
  policy.type === 'TRIAL'
    ? reject('INVALID_REQUEST', `A trial is converted to a paid policy; ${policy.policyId} is a policy for trials.`)
    : null;
