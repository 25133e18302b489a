import { subtractDuration } from '../../calendar.ts';
import { type EventIds, type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, parseDuration } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { AwaitedTerm, IssuedLicense, LicenseFacts } from '../license.ts';
import { scheduleFault } from '../scheduled/decide-scheduled.ts';
import { graceUntil, renewalAt } from '../status.ts';
import { announcement, endOf } from './decide-renewal.ts';

/** Begins the term that waits for this trigger. A license whose term has begun is left as it is. */
export const startTerm = ({ data, at }: CommandOf<'StartTerm'>, { facts }: IssuedLicense): LicenseDecision => {
  if (facts.awaited === null) return [];
  if (facts.awaited.trigger !== data.trigger)
    return refuse(`License ${facts.licenseId} starts by ${facts.awaited.trigger}, not by ${data.trigger}.`);
  const started = firstTerm(facts, facts.awaited, at);
  return 'rejected' in started ? started : [started];
};

/** The event by which the term that is waited for begins now. */
export const firstTerm = (facts: LicenseFacts, { trigger, duration }: AwaitedTerm, startsAt: Instant) => {
  const expiresAt = endOf(startsAt, duration, facts.timeZone);
  if (typeof expiresAt !== 'string') return expiresAt;
  const data = { termNumber: facts.term.number + 1, startsAt, expiresAt, trigger };
  return { type: 'LicenseTermStarted', data } as const;
};

/** Moves the end of the running term, not into the past. A term that is over is renewed instead. */
export const changeExpiry = ({ data, at }: CommandOf<'ChangeExpiry'>, { facts }: IssuedLicense): LicenseDecision => {
  const { to, reasonCode } = data;
  const { number: termNumber, startsAt, expiresAt: from } = facts.term;
  if (reasonCode === '') return reject('INVALID_REQUEST', 'A changed expiry needs a reason.');
  if (!isInstant(to)) return refuse(`${to} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (startsAt === null) return refuse(`License ${facts.licenseId} has not started; there is no expiry to change.`);
  if (to === from) return [];
  // What was announced holds, also for a server whose clock is behind that of the one that announced it.
  if (from !== null && (at >= from || facts.announcedTerm >= termNumber))
    return refuse(`License ${facts.licenseId} ran out at ${from}; renew it instead.`);
  if (to < at) return refuse(`The expiry cannot be moved into the past, to ${to}; that would be a correction.`);
  if (to <= startsAt) return refuse(`A term that starts at ${startsAt} cannot end at ${to}.`);
  return [{ type: 'LicenseExpiryChanged', data: { termNumber, from, to } }];
};

/** Says what is to happen at the end of the term; from now on, or from a later instant that is announced now. */
export const setRenewal = (
  { data, at }: CommandOf<'SetRenewal'>,
  { facts }: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { to, scheduled } = data;
  const fault = scheduleFault(scheduled, at);
  if (fault !== null) return fault;
  const from = renewalAt(facts, scheduled?.effectiveAt ?? at);
  if (from === to) return [];
  if (scheduled === undefined) return [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: null } }];
  const { effectiveAt } = scheduled;
  return [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: eventIds(0) }, effectiveAt }];
};

/** Announces that the grace after a term is over, at the instant it was; the expiry too, if that was not. Once. */
export const endGrace = ({ data, at }: CommandOf<'EndGrace'>, { facts }: IssuedLicense): LicenseDecision => {
  const { number: termNumber } = facts.term;
  const until = graceUntil(facts);
  if (data.termNumber !== termNumber || until === null || at < until) return [];
  if (facts.graceEndedTerm >= termNumber) return [];
  const ended: LicenseEvent = {
    type: 'LicenseGraceEnded',
    data: { termNumber, graceUntil: until },
    effectiveAt: until,
  };
  return [...announcement(facts, at), ended];
};

/**
 * Announces once per (term, expiry, offset) that the expiry comes near. An offset that is longer than the term, or was past
 * when the expiry was set, is never announced; nor is one after the expiry itself.
 */
export const remind = (
  { data: { termNumber, offset }, at }: CommandOf<'Remind'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const { number, expiresAt } = facts.term;
  if (termNumber !== number || expiresAt === null || at >= expiresAt) return [];
  if (!facts.policy.remindBefore.includes(offset)) return [];
  const dueAt = reminderDueAt(facts, offset);
  if (dueAt === null || at < dueAt) return [];
  return [{ type: 'LicenseExpiringSoon', data: { termNumber, expiresAt, offset } }];
};

/** When the reminder `offset` before the present expiry is due; null when it was sent, or is never. */
export const reminderDueAt = (facts: LicenseFacts, offset: string): Instant | null => {
  const { startsAt, expiresAt } = facts.term;
  const duration = parseDuration(offset);
  if (startsAt === null || expiresAt === null || duration === null || facts.reminded.includes(offset)) return null;
  const dueAt = subtractDuration(expiresAt, duration, facts.timeZone);
  return dueAt === null || dueAt <= startsAt || dueAt < (facts.expirySetAt ?? facts.createdAt) ? null : dueAt;
};

const refuse = (detail: string): Rejection<'TERM_INVALID'> => reject('TERM_INVALID', detail);
