import { type EventIds, reject } from '../../decider.ts';
import { type Instant, isInstant, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import { refuseSchedule } from '../scheduled/refuse-schedule.ts';
import { isSuspended, suspensionAt } from '../status.ts';
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
      return reinstate(license, command.at);
    case 'EndSuspension':
      return endSuspension(command, license);
  }
};

/**
 * Suspends the license from now on, or announces a suspension from a later instant. Activations stay. Another reason,
 * or a later end of the same one, is added to a running suspension. A suspension that is covered already changes
 * nothing.
 */
const suspend = ({ data, at }: CommandOf<'Suspend'>, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  const { reasonCode, until, scheduled } = data;
  const from = scheduled?.effectiveAt ?? at;
  const refusal = refuseSchedule(scheduled, at);
  if (refusal !== null) return refusal;
  if (until !== null && !(isInstant(until) && until > from))
    return reject('TERM_INVALID', `A suspension must end after it begins, in the future; ${until} does not.`);
  if (isCovered(license, data, from)) return [];
  if (scheduled !== undefined) {
    const announced = { reasonCode, until, eventId: eventIds(0) };
    return [{ type: 'LicenseSuspended', data: announced, effectiveAt: scheduled.effectiveAt }];
  }
  if (!isSuspended(license.facts, at)) return [{ type: 'LicenseSuspended', data: { reasonCode, until } }];
  return [{ type: 'SuspensionReasonAdded', data: { reasonCode, until } }];
};

/** Ends the suspension with all its reasons. Afterwards the term decides the status, which may be EXPIRED. */
const reinstate = ({ facts }: IssuedLicense, at: Instant): readonly EventOf<'LicenseReinstated'>[] => {
  const suspension = suspensionAt(facts, at);
  if (suspension === null) return [];
  const { since } = suspension;
  return [
    { type: 'LicenseReinstated', data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, at) } },
  ];
};

/** Returns the end of a suspension for a license that waits for nothing but this payment, if its policy says so. */
export const reinstateOnPayment = (license: IssuedLicense, at: Instant): readonly EventOf<'LicenseReinstated'>[] => {
  const { facts, suspendedFor } = license;
  if (!facts.policy.reinstateOnPayment || !isSuspended(facts, at)) return [];
  for (const [reasonCode, until] of suspendedFor)
    if (reasonCode !== 'PAYMENT' && (until === null || at < until)) return [];
  for (const { effectiveAt, change } of facts.scheduled) {
    if (change.kind !== 'SUSPENSION' || change.reasonCode === 'PAYMENT') continue;
    if (effectiveAt <= at && (change.until === null || at < change.until)) return [];
  }
  return reinstate(license, at);
};

const isCovered = (
  { facts, suspendedFor }: IssuedLicense,
  { reasonCode, until }: CommandOf<'Suspend'>['data'],
  from: Instant,
): boolean => {
  const covers = (end: Instant | null) => end === null || (until !== null && until <= end);
  const currentUntil = suspendedFor.get(reasonCode);
  if (currentUntil !== undefined && (currentUntil === null || currentUntil > from) && covers(currentUntil)) return true;
  return facts.scheduled.some(
    ({ effectiveAt, change }) =>
      change.kind === 'SUSPENSION' && change.reasonCode === reasonCode && effectiveAt <= from && covers(change.until),
  );
};
