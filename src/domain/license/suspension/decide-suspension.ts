import { type EventIds, reject } from '../../decider.ts';
import { type Instant, isInstant, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { EventOf, LicenseEvent } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { refuseSchedule } from '../scheduled/refuse-schedule.ts';
import { withdrawals, withdrawSuspensions } from '../scheduled/withdraw-announced.ts';
import { isSuspended, suspensionAt, suspensionsAt } from '../status.ts';
import type { SuspensionCommand } from './suspension-commands.ts';
import { endSuspension } from './suspension-ends.ts';

/** Decides a command about a suspension. */
export const decideSuspension = (
  command: SuspensionCommand,
  license: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  switch (command.type) {
    case 'Suspend':
      return suspend(command, license, eventIds);
    case 'Reinstate':
      return reinstate(command, license);
    case 'EndSuspension':
      return endSuspension(command, license);
  }
};

/**
 * Suspends the license from now on, or announces a suspension from a later instant. Activations stay. Another reason,
 * or a later end of the same one, is added to a running suspension. A suspension that is covered already changes
 * nothing. Replaces the announced suspension for the same reason; an immediate suspension replaces it when it lasts as
 * long.
 */
const suspend = ({ data, at }: CommandOf<'Suspend'>, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  const { reasonCode, until, scheduled } = data;
  const { facts } = license;
  const from = scheduled?.effectiveAt ?? at;
  const refusal = refuseSchedule(scheduled, at);
  if (refusal !== null) return refusal;
  if (until !== null && !(isInstant(until) && until > from))
    return reject('TERM_INVALID', `A suspension must end after it begins, in the future; ${until} does not.`);
  if (isCovered(license, data, at)) return [];
  if (scheduled !== undefined) {
    if (isAnnounced(facts, data, at)) return [];
    const announced = { reasonCode, until, eventId: eventIds(0) };
    const { effectiveAt } = scheduled;
    const suspended = { type: 'LicenseSuspended', data: announced, effectiveAt } as const;
    return [suspended, ...withdrawSuspensions(facts, reasonCode, at)];
  }
  const overtaken = withdrawals(
    facts,
    at,
    ({ change }) => change.kind === 'SUSPENSION' && change.reasonCode === reasonCode && covers(until, change.until),
  );
  const type = isSuspended(facts, at) ? 'SuspensionReasonAdded' : 'LicenseSuspended';
  return [{ type, data: { reasonCode, until } }, ...overtaken];
};

/**
 * Ends the suspension with all its reasons. Afterwards the term decides the status, which may be EXPIRED. With the
 * reason PAYMENT it also withdraws the suspensions that were announced for a missing payment.
 */
const reinstate = ({ data, at }: CommandOf<'Reinstate'>, { facts }: IssuedLicense): LicenseDecision => [
  ...lift(facts, at),
  ...(data.reasonCode === 'PAYMENT' ? withdrawSuspensions(facts, 'PAYMENT', at) : []),
];

const lift = (facts: LicenseFacts, at: Instant): readonly EventOf<'LicenseReinstated'>[] => {
  const suspension = suspensionAt(facts, at);
  if (suspension === null) return [];
  const { since } = suspension;
  return [
    { type: 'LicenseReinstated', data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, at) } },
  ];
};

/**
 * Returns what a payment changes. It withdraws the suspensions that were announced for it. It ends the suspension of a
 * license that waits for nothing else, if its policy says so.
 */
export const acceptPayment = (license: IssuedLicense, at: Instant): readonly LicenseEvent[] => [
  ...reinstateOnPayment(license, at),
  ...withdrawSuspensions(license.facts, 'PAYMENT', at),
];

const reinstateOnPayment = (license: IssuedLicense, at: Instant): readonly EventOf<'LicenseReinstated'>[] => {
  const { facts } = license;
  if (!facts.policy.reinstateOnPayment || !isSuspended(facts, at)) return [];
  if (suspensionsAt(facts, at).some(({ reasonCode }) => reasonCode !== 'PAYMENT')) return [];
  return lift(facts, at);
};

/** Returns true when a suspension for the same reason is in force at `at` and lasts as long. */
const isCovered = (
  { facts }: IssuedLicense,
  { reasonCode, until, scheduled }: CommandOf<'Suspend'>['data'],
  at: Instant,
): boolean => {
  const from = scheduled?.effectiveAt ?? at;
  const currentUntil = facts.suspendedFor.find((current) => current.reasonCode === reasonCode)?.until;
  if (currentUntil !== undefined && (currentUntil === null || currentUntil > from) && covers(currentUntil, until))
    return true;
  return facts.scheduled.some(
    ({ effectiveAt, change }) =>
      change.kind === 'SUSPENSION' &&
      change.reasonCode === reasonCode &&
      effectiveAt <= at &&
      covers(change.until, until),
  );
};

/** Returns true when exactly this suspension is announced, and no other one for its reason. */
const isAnnounced = (
  { scheduled }: LicenseFacts,
  { reasonCode, until, scheduled: schedule }: CommandOf<'Suspend'>['data'],
  at: Instant,
): boolean => {
  const open = scheduled.filter(
    ({ change, effectiveAt }) => change.kind === 'SUSPENSION' && change.reasonCode === reasonCode && effectiveAt > at,
  );
  const [announced] = open;
  if (open.length !== 1 || announced?.change.kind !== 'SUSPENSION') return false;
  return announced.effectiveAt === schedule?.effectiveAt && announced.change.until === until;
};

// A suspension without an end covers every other one.
const covers = (end: Instant | null, other: Instant | null): boolean =>
  end === null || (other !== null && other <= end);
