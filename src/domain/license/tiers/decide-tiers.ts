import { type EventIds, type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import type { LicenseEvent } from '../events.ts';
import { dropProduct } from '../grants/decide-entitlements.ts';
import { isSameEntitlement } from '../grants/entitlement.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import type { LimitStrategy, PinnedPolicy, Tier } from '../policy.ts';
import { scheduleFault } from '../scheduled/decide-scheduled.ts';
import { announcement, endOf } from '../term/decide-renewal.ts';
import { setLimits } from '../usage/decide-limits.ts';
import { refuseLimits } from '../usage/usage-limits.ts';
import type { Target, TierChangeCause } from './tier-events.ts';

/**
 * Puts the license under another policy, with every consequence as an event of its own: products that it loses and their
 * devices, limits, entitlements. Announced for later it changes nothing yet; `CarryOutScheduled` does when its time comes.
 */
export const changeTier = (
  { type, data, at }: CommandOf<'ChangeTier' | 'ChangePolicy'>,
  license: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { target, scheduled } = data;
  const { facts } = license;
  const fault = scheduleFault(scheduled, at) ?? targetFault(target);
  if (fault !== null) return fault;
  if (type === 'ChangePolicy' && target.policy.tier !== facts.policy.tier)
    return reject('INVALID_REQUEST', `The policy is of tier ${target.policy.tier}; change the tier instead.`);
  if (scheduled === undefined)
    return changed(license, target, type === 'ChangeTier' ? 'TIER_CHANGED' : 'POLICY_CHANGED', null, at);

  const { effectiveAt } = scheduled;
  const isScheduled = facts.scheduled.some(
    (each) =>
      each.change.kind === 'TIER' &&
      each.effectiveAt === effectiveAt &&
      samePolicy(each.change.target.policy, target.policy),
  );
  if (isScheduled) return [];
  return [
    { type: 'TierChangeScheduled', data: { eventId: eventIds(0), from: facts.policy.tier, target }, effectiveAt },
  ];
};

/**
 * Refuses to move a license that is no trial to a policy for trials: a holder has one trial of a product, which is
 * reserved when a trial is issued.
 */
export const refuseBecomingTrial = (
  { policy }: Pick<LicenseFacts, 'policy'>,
  target: Pick<PinnedPolicy, 'type'>,
): Rejection<'INVALID_REQUEST'> | null =>
  target.type === 'TRIAL' && policy.type !== 'TRIAL'
    ? reject('INVALID_REQUEST', 'A license does not become a trial. Issue a trial instead.')
    : null;

/** Carries out a tier change whose time has come; one that has not, or was withdrawn or carried out, changes nothing. */
export const carryOutScheduled = (
  { data: { eventId }, at }: CommandOf<'CarryOutScheduled'>,
  license: IssuedLicense,
): LicenseDecision => {
  const due = license.facts.scheduled.find((each) => each.eventId === eventId && each.effectiveAt <= at);
  return due?.change.kind === 'TIER' ? changed(license, due.change.target, 'SCHEDULED', eventId, at) : [];
};

/** Makes a trial a paid license: same id, key and devices, the new policy, and a term that begins now. */
export const convertTrial = ({ data, at }: CommandOf<'ConvertTrial'>, license: IssuedLicense): LicenseDecision => {
  const { target, term, billingRef } = data;
  const { facts } = license;
  const fault = targetFault(target);
  if (fault !== null) return fault;
  if (target.policy.type === 'TRIAL')
    return reject(
      'INVALID_REQUEST',
      `A trial is converted to a policy that is none; ${target.policy.policyId} is one.`,
    );
  if (facts.policy.type !== 'TRIAL')
    return facts.policy.policyId === target.policy.policyId
      ? []
      : reject('INVALID_REQUEST', `License ${facts.licenseId} is no trial; change its tier instead.`);
  const expiresAt =
    term.kind === 'perpetual'
      ? null
      : term.kind === 'fixed'
        ? term.expiresAt
        : endOf(at, term.duration, facts.timeZone);
  if (expiresAt !== null && typeof expiresAt !== 'string') return expiresAt;
  if (expiresAt !== null && (!isInstant(expiresAt) || expiresAt <= at))
    return reject('TERM_INVALID', `A term that begins now cannot end at ${expiresAt}.`);

  const draft = draftOf(license, at);
  announceEnd(draft);
  const { policy } = target;
  draft.add({
    type: 'TrialConverted',
    data: {
      ...{ toTier: policy.tier, policyId: policy.policyId, policyVersion: policy.version, policy },
      ...{ daysUsed: Math.floor(secondsBetween(facts.term.startsAt ?? at, at) / 86_400), billingRef },
    },
  });
  const refusal = consequences(draft, target, policy.limitStrategy);
  if (refusal !== null) return refusal;
  draft.add({
    type: 'LicenseTermStarted',
    data: { termNumber: facts.term.number + 1, startsAt: at, expiresAt, trigger: 'TRIAL_CONVERTED' },
  });
  return draft.decided();
};

/**
 * Ends a trial that has run out, at the instant it did: it is announced as expired, and becomes what it is downgraded to,
 * without end, where its policy says so. Changes nothing where a stale or repeated sweep asks.
 */
export const endTrial = ({ data, at }: CommandOf<'EndTrial'>, license: IssuedLicense): LicenseDecision => {
  const { number, expiresAt } = license.facts.term;
  const { type, trialEnd } = license.facts.policy;
  if (data.termNumber !== number || type !== 'TRIAL' || expiresAt === null || at < expiresAt) return [];
  if (trialEnd === 'EXPIRE') return announcement(license.facts, at);
  const fault = targetFault(data.downgrade);
  if (fault !== null) return fault;

  const draft = draftOf(license, at);
  announceEnd(draft);
  draft.add({ ...tierChanged(license, data.downgrade, 'TRIAL_ENDED', null), effectiveAt: expiresAt });
  // Nothing may stop the end of a trial: what is in use beyond the lower limits stays or is ended.
  const { limitStrategy } = data.downgrade.policy;
  const refusal = consequences(draft, data.downgrade, limitStrategy === 'REJECT' ? 'ALLOW_OVER' : limitStrategy);
  if (refusal !== null) return refusal;
  draft.add({
    type: 'LicenseTermStarted',
    data: { termNumber: number + 1, startsAt: expiresAt, expiresAt: null, trigger: 'TRIAL_ENDED' },
    effectiveAt: expiresAt,
  });
  return draft.decided();
};

const tierOrder: Readonly<Record<Tier, number>> = { FREE: 0, TRIAL: 1, PRO: 2, ENTERPRISE: 3 };

const changed = (
  license: IssuedLicense,
  target: Target,
  cause: TierChangeCause,
  scheduledBy: string | null,
  at: Instant,
): LicenseDecision => {
  const draft = draftOf(license, at);
  // What was announced is carried out by an event, also where it has become so by then: it must not stay announced.
  if (!samePolicy(license.facts.policy, target.policy) || scheduledBy !== null)
    draft.add(tierChanged(license, target, cause, scheduledBy));
  return consequences(draft, target, target.policy.limitStrategy) ?? draft.decided();
};

const tierChanged = (
  { facts }: IssuedLicense,
  { policy }: Target,
  cause: TierChangeCause,
  scheduledBy: string | null,
): LicenseEvent => {
  const [from, to] = [facts.policy.tier, policy.tier];
  const step = tierOrder[to] - tierOrder[from];
  const direction = step === 0 ? 'SAME' : step > 0 ? 'UPGRADE' : 'DOWNGRADE';
  const pinned = { policyId: policy.policyId, policyVersion: policy.version, policy };
  return { type: 'LicenseTierChanged', data: { from, to, ...pinned, direction, cause, scheduledBy } };
};

/** Adds what a new policy brings with it; why that is refused, else null. */
const consequences = (
  draft: Draft,
  { products, limits, entitlements }: Target,
  strategy: LimitStrategy,
): Rejection<LicenseRejection> | null => {
  const { facts } = draft.license;
  if (products !== null) {
    for (const product of facts.products.filter((each) => !products.includes(each))) dropProduct(draft, product);
    for (const product of products.filter((each) => !facts.products.includes(each)))
      draft.add({ type: 'ProductAdded', data: { product } });
  }
  if (entitlements !== null) {
    const bound = facts.entitlements.filter(({ source }) => source === 'tier' || source === 'trial');
    const isSame = (a: (typeof bound)[number]) => (b: (typeof bound)[number]) => isSameEntitlement(a, b);
    for (const { code, source } of bound.filter((each) => !entitlements.some(isSame(each))))
      draft.add({ type: 'EntitlementRevoked', data: { code, source } });
    for (const granted of entitlements.filter((each) => !bound.some(isSame(each))))
      draft.add({ type: 'EntitlementGranted', data: granted });
  }
  return limits === null ? null : setLimits(draft, limits, strategy);
};

const announceEnd = (draft: Draft): void => {
  for (const event of announcement(draft.license.facts, draft.at)) draft.add(event);
};

const samePolicy = (a: PinnedPolicy, b: PinnedPolicy): boolean => a.policyId === b.policyId && a.version === b.version;

const targetFault = ({ limits }: Target): Rejection<LicenseRejection> | null =>
  limits === null ? null : refuseLimits(limits);
