import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { withdrawKind } from '../scheduled/withdraw-announced.ts';
import { graceUntil, renewalAt } from '../status.ts';
import { maintenanceAfterMove } from './maintenance.ts';

/**
 * Announces the expiry of a term, with the instant of the expiry. Changes nothing when the command repeats, comes too
 * early, or names another term.
 */
export const expire = ({ data, at }: CommandOf<'Expire'>, { facts }: IssuedLicense): readonly LicenseEvent[] =>
  data.termNumber === facts.term.number ? expiryAnnouncement(facts, at) : [];

/** Returns the `LicenseExpired` of an expired term that is not announced yet; otherwise no event. */
export const expiryAnnouncement = (facts: LicenseFacts, at: Instant): readonly LicenseEvent[] => {
  const { number: termNumber, expiresAt } = facts.term;
  if (expiresAt === null || facts.announcedTerm >= termNumber || at < expiresAt) return [];
  return [
    { type: 'LicenseExpired', data: { termNumber, expiresAt, graceUntil: graceUntil(facts) }, effectiveAt: expiresAt },
  ];
};

/**
 * Moves the end of the running term, but not into the past, or removes it (`to` null). An expired term is renewed
 * instead. Removing the end of a perpetual license sets its renewal mode to `manual`.
 */
export const changeExpiry = ({ data, at }: CommandOf<'ChangeExpiry'>, { facts }: IssuedLicense): LicenseDecision => {
  const { to, reasonCode } = data;
  const { number: termNumber, startsAt, expiresAt: from } = facts.term;
  if (reasonCode === '') return reject('INVALID_REQUEST', 'A changed expiry needs a reason.');
  if (to !== null && !isInstant(to)) return refuse(`${to} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (startsAt === null) return refuse(`License ${facts.licenseId} has not started; there is no expiry to change.`);
  if (to === from) return to === null ? endRenewal(facts, at) : [];
  // An announced expiry is final, also for a server with a slower clock than the one that announced it.
  if (from !== null && (at >= from || facts.announcedTerm >= termNumber))
    return refuse(`License ${facts.licenseId} expired at ${from}; renew it instead.`);
  if (to === null) return removeEnd(facts, at);
  if (to < at) return refuse(`The expiry cannot be moved into the past, to ${to}; that would be a correction.`);
  if (to <= startsAt) return refuse(`A term that starts at ${startsAt} cannot end at ${to}.`);
  return [
    { type: 'LicenseExpiryChanged', data: { termNumber, from, to, ...maintenanceAfterMove(facts, { from, to }) } },
  ];
};

/**
 * Makes the license perpetual. Nothing is left to renew or to cancel: the renewal mode is `manual` again, and announced
 * modes are withdrawn. Terms that were renewed ahead still begin, with counters of their own.
 */
const removeEnd = (facts: LicenseFacts, at: Instant): LicenseDecision => {
  const { number: termNumber, expiresAt: from } = facts.term;
  if (facts.policy.type === 'TRIAL')
    return refuse(`License ${facts.licenseId} is a trial, which must have an end; convert it with a perpetual term.`);
  return [
    {
      type: 'LicenseExpiryChanged',
      data: { termNumber, from, to: null, ...maintenanceAfterMove(facts, { from, to: null }) },
    },
    ...endRenewal(facts, at),
  ];
};

const endRenewal = (facts: LicenseFacts, at: Instant): readonly LicenseEvent[] => {
  const mode = renewalAt(facts, at);
  const withdrawn = withdrawKind(facts, 'RENEWAL', at);
  if (mode === 'manual') return withdrawn;
  return [...withdrawn, { type: 'LicenseRenewalChanged', data: { from: mode, to: 'manual', eventId: null } }];
};

/**
 * Announces, once, the end of the grace after a term, with the instant of that end. Announces a missing expiry first.
 */
export const endGrace = ({ data, at }: CommandOf<'EndGrace'>, { facts }: IssuedLicense): readonly LicenseEvent[] => {
  const { number: termNumber } = facts.term;
  const until = graceUntil(facts);
  if (data.termNumber !== termNumber || until === null || at < until) return [];
  if (facts.graceEndedTerm >= termNumber) return [];
  const graceEnded: LicenseEvent = {
    type: 'LicenseGraceEnded',
    data: { termNumber, graceUntil: until },
    effectiveAt: until,
  };
  return [...expiryAnnouncement(facts, at), graceEnded];
};

const refuse = (detail: string): Rejection<'TERM_INVALID'> => reject('TERM_INVALID', detail);
