import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, later } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import { endOfDuration } from '../term/duration-end.ts';
import { maintenanceOfTerm } from '../term/maintenance.ts';
import { repeatedPurchase } from '../term/paid-terms.ts';
import type { ConversionTerm } from './tier-commands.ts';
import type { Target } from './tier-events.ts';

type Change = CommandOf<'ChangeTier' | 'ChangePolicy'>['data'];

/**
 * Decides a change of tier or policy that names a payment of before: it changes nothing, or is refused when its terms
 * differ. Refuses an immediate change from a trial to a paid policy without a term: the end of the trial would end a
 * paid license. Refuses it, also announced, for a trial that became FREE without end: nobody would ever pay for it. An
 * announced change starts no term. Returns null for any other change.
 */
export const refusePaidChange = (license: IssuedLicense, { target, scheduled, term, billingRef }: Change) => {
  if (term === undefined)
    return needsTerm(license.facts, target, scheduled !== undefined)
      ? noTerm(license.facts, scheduled !== undefined)
      : null;
  const repeated = repeatedPurchase(license, {
    policyId: target.policy.policyId,
    term,
    billingRef: billingRef ?? null,
  });
  if (repeated !== null) return repeated;
  if (scheduled !== undefined)
    return reject(
      'INVALID_REQUEST',
      'A scheduled change keeps the term; leave out either term or effectiveAt.',
      'term',
    );
  if (target.policy.type === 'TRIAL')
    return reject('INVALID_REQUEST', 'A change to a policy for trials keeps the term; leave out term.', 'term');
  return isSamePolicy(license.facts.policy, target.policy)
    ? reject('TERM_INVALID', `License ${license.facts.licenseId} has this policy already; renew it instead.`, 'term')
    : null;
};

/** Returns the term that a change starts; null: the license keeps its term. A trial that becomes FREE has no end. */
export const termOfChange = (
  { policy, term: { expiresAt }, awaited }: LicenseFacts,
  { target, term }: Change,
): ConversionTerm | null => {
  if (term !== undefined) return term;
  const becomesFree = policy.type === 'TRIAL' && target.policy.type !== 'TRIAL' && target.policy.tier === 'FREE';
  return becomesFree && (expiresAt !== null || awaited !== null) ? { kind: 'perpetual' } : null;
};

/** When a paid term starts, why, and under which policy. */
type PaidTermStart = {
  readonly at: Instant;
  readonly trigger: 'TRIAL_CONVERTED' | 'TIER_CHANGED';
  readonly policy: PinnedPolicy;
};

/** Returns the event that starts the first paid term now, or the refusal of a term that cannot start now. */
export const startOfPaidTerm = (
  facts: LicenseFacts,
  term: ConversionTerm,
  { at, trigger, policy }: PaidTermStart,
): EventOf<'LicenseTermStarted'> | Rejection<'TERM_INVALID'> => {
  const countedFrom = term.kind === 'duration' ? paidFrom(facts, at) : at;
  if (typeof countedFrom !== 'string') return countedFrom;
  const expiresAt = endOfFirstTerm(term, facts, { at, countedFrom });
  if (expiresAt !== null && typeof expiresAt !== 'string') return expiresAt;
  const termNumber = facts.term.number + 1;
  return {
    type: 'LicenseTermStarted',
    data: {
      ...{ termNumber, startsAt: at, expiresAt, trigger },
      ...(countedFrom === at ? {} : { countedFrom }),
      ...(term.kind === 'duration' ? { duration: term.duration } : {}),
      ...maintenanceOfTerm({ ...facts, policy }, { startsAt: countedFrom, expiresAt }),
    },
  };
};

const isSamePolicy = (one: PinnedPolicy, other: PinnedPolicy): boolean =>
  one.policyId === other.policyId && one.version === other.version;

const needsTerm = (facts: LicenseFacts, { policy: next }: Target, isScheduled: boolean): boolean => {
  const { policy, term, awaited, afterTrial } = facts;
  if (next.type === 'TRIAL' || next.tier === 'FREE') return false;
  if (policy.type === 'TRIAL') return !isScheduled;
  return afterTrial !== null && policy.tier === 'FREE' && term.expiresAt === null && awaited === null;
};

const noTerm = ({ licenseId, policy }: LicenseFacts, isScheduled: boolean): Rejection<'TERM_INVALID'> => {
  const [state, advice] = policy.type === 'TRIAL' ? ['a trial', 'Convert it, or send'] : ['FREE after a trial', 'Send'];
  const schedule = isScheduled ? ' A scheduled change starts no term, so also leave out effectiveAt.' : '';
  return reject(
    'TERM_INVALID',
    `License ${licenseId} is ${state}. ${advice} the term of the paid license.${schedule}`,
    'term',
  );
};

/**
 * Returns where the paid duration counts from. If the trial's policy keeps its days, that is the end of the trial, also
 * of one that has not begun. Otherwise it is now.
 */
const paidFrom = ({ policy, term: { expiresAt }, awaited, timeZone }: LicenseFacts, at: Instant) => {
  if (policy.type !== 'TRIAL' || policy.trialDays !== 'KEEP') return at;
  if (awaited !== null) return endOfDuration(at, awaited.duration, timeZone);
  return expiresAt === null ? at : later(expiresAt, at);
};

const endOfFirstTerm = (
  term: ConversionTerm,
  { timeZone }: LicenseFacts,
  { at, countedFrom }: { readonly at: Instant; readonly countedFrom: Instant },
): Instant | null | Rejection<'TERM_INVALID'> => {
  if (term.kind === 'perpetual') return null;
  const expiresAt = term.kind === 'fixed' ? term.expiresAt : endOfDuration(countedFrom, term.duration, timeZone);
  if (typeof expiresAt !== 'string' || (isInstant(expiresAt) && expiresAt > at)) return expiresAt;
  return reject(
    'TERM_INVALID',
    `A term that begins now cannot end at ${expiresAt}. Send a term with a later end.`,
    'term',
  );
};
