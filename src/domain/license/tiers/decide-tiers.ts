import { type EventIds, type Rejection, reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { sameOverrides } from '../overrides/overrides.ts';
import { policyMove } from '../overrides/policy-move.ts';
import type { PinnedPolicy } from '../policy.ts';
import { refuseSchedule } from '../scheduled/refuse-schedule.ts';
import { withdrawKind } from '../scheduled/withdraw-announced.ts';
import { acceptPayment } from '../suspension/decide-suspension.ts';
import { paymentName } from '../term/paid-terms.ts';
import { sameLimits } from '../usage/usage-limits.ts';
import { convertTrial } from './decide-trials.ts';
import { endTrial } from './end-trial.ts';
import { refusePaidChange, startOfPaidTerm, termOfChange } from './first-paid-term.ts';
import { addConsequences, changedOverrides, refuseMove, refuseTarget, tierChanged } from './policy-consequences.ts';
import type { TierCommand } from './tier-commands.ts';
import type { Target, TierChangeCause } from './tier-events.ts';

/** Decides a command about the tier, the policy or a trial. */
export const decideTiers = (command: TierCommand, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  switch (command.type) {
    case 'ChangeTier':
    case 'ChangePolicy':
      return changePolicy(command, license, eventIds);
    case 'ConvertTrial':
      return convertTrial(command, license);
    case 'EndTrial':
      return endTrial(command, license);
  }
};

/**
 * Moves the license to another policy. Each consequence is an event of its own: lost products and their devices,
 * limits, entitlements. A change with a `term` starts that term, and a trial that becomes FREE loses its end. An announced
 * change has no consequence until it is carried out. The command replaces the tier
 * change that was announced before, also when the license has the policy already.
 */
const changePolicy = (
  { type, data, at }: CommandOf<'ChangeTier' | 'ChangePolicy'>,
  license: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { target, scheduled } = data;
  const { facts } = license;
  const refusal = refuseSchedule(scheduled, at) ?? refuseTarget(target);
  if (refusal !== null) return refusal;
  if (type === 'ChangePolicy' && target.policy.tier !== facts.policy.tier)
    return reject('INVALID_REQUEST', `The policy is of tier ${target.policy.tier}; change the tier instead.`);
  const paid = refusePaidChange(license, data);
  if (paid !== null) return paid;
  if (scheduled === undefined) {
    const cause = type === 'ChangeTier' ? 'TIER_CHANGED' : 'POLICY_CHANGED';
    return changeNow(license, data, cause, at);
  }
  const { effectiveAt } = scheduled;
  if (isAnnounced(facts, target, effectiveAt)) return [];
  const excess = refuseMove(facts, policyMove(facts, target));
  if (excess !== null) return excess;
  return [
    { type: 'TierChangeScheduled', data: { eventId: eventIds(0), from: facts.policy.tier, target }, effectiveAt },
    ...withdrawKind(facts, 'TIER', at),
  ];
};

/**
 * Refuses to move a paid license to a policy for trials. A holder has one trial of a product; issuing a trial
 * reserves it.
 */
export const refuseBecomingTrial = (
  { policy }: Pick<LicenseFacts, 'policy'>,
  target: Pick<PinnedPolicy, 'type'>,
): Rejection<'INVALID_REQUEST'> | null =>
  target.type === 'TRIAL' && policy.type !== 'TRIAL'
    ? reject('INVALID_REQUEST', 'A license does not become a trial. Issue a trial instead.')
    : null;

const changeNow = (license: IssuedLicense, data: Change, cause: TierChangeCause, at: Instant): LicenseDecision => {
  const { target } = data;
  const started = startOf(license.facts, data, at);
  if (started !== null && 'rejected' in started) return started;
  const move = policyMove(license.facts, target);
  const excess = refuseMove(license.facts, move);
  if (excess !== null) return excess;
  const draft = draftOf(license, at);
  const isOther = !isSamePolicy(license.facts.policy, target.policy);
  if (isOther || Object.keys(changedOverrides(license, move)).length > 0)
    draft.add(tierChanged(license, move, { cause, scheduledBy: null }));
  // A change that was announced before must not undo this one.
  for (const event of withdrawKind(license.facts, 'TIER', at)) draft.add(event);
  const limitRefusal = addConsequences(draft, move, target.policy.limitStrategy);
  if (limitRefusal !== null) return limitRefusal;
  if (started !== null) draft.add(started);
  if (data.billingRef !== undefined) for (const event of acceptPayment(draft.license, at)) draft.add(event);
  return draft.decided();
};

type Change = CommandOf<'ChangeTier' | 'ChangePolicy'>['data'];

const startOf = (facts: LicenseFacts, data: Change, at: Instant) => {
  const term = termOfChange(facts, data);
  const started =
    term === null ? null : startOfPaidTerm(facts, term, { at, trigger: 'TIER_CHANGED', policy: data.target.policy });
  if (started === null || 'rejected' in started || data.billingRef === undefined) return started;
  return { ...started, data: { ...started.data, billingRef: paymentName(data.billingRef) } };
};

// Logs of earlier builds may have several announced tier changes. The last one counts.
const isAnnounced = ({ scheduled }: LicenseFacts, target: Target, effectiveAt: Instant): boolean => {
  const tierChanges = scheduled.filter(({ change }) => change.kind === 'TIER');
  const [announced] = tierChanges;
  if (tierChanges.length !== 1 || announced?.change.kind !== 'TIER') return false;
  return announced.effectiveAt === effectiveAt && isSameTarget(announced.change.target, target);
};

const isSameTarget = (a: Target, b: Target): boolean =>
  isSamePolicy(a.policy, b.policy) &&
  (a.limits === null || b.limits === null ? a.limits === b.limits : sameLimits(a.limits, b.limits)) &&
  a.resetsOverrides === b.resetsOverrides &&
  sameOverrides(a.overrides ?? {}, b.overrides ?? {}) &&
  JSON.stringify([a.products, a.entitlements]) === JSON.stringify([b.products, b.entitlements]);

const isSamePolicy = (a: PinnedPolicy, b: PinnedPolicy): boolean =>
  a.policyId === b.policyId && a.version === b.version;
