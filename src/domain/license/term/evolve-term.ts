import type { At } from '../../decider.ts';
import { earlier, type Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts, Term } from '../license.ts';
import { withoutPast } from '../scheduled/evolve-scheduled.ts';
import { countersOf } from '../usage/term-counters.ts';
import { maintenanceIn, maintenanceMoved } from './maintenance.ts';
import { notePaidRenewal, notePaidStart } from './paid-terms.ts';
import type { TermEvent } from './term-events.ts';

/** Returns the facts after an event about the term. */
export const evolveTermFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, TermEvent>,
  { recordedAt, effectiveAt }: At,
): LicenseFacts => {
  switch (event.type) {
    case 'LicenseTermStarted': {
      const { termNumber: number, startsAt, expiresAt } = event.data;
      const counters = countersOf(facts, startsAt, recordedAt);
      const changes = {
        awaited: null,
        ...counters,
        countersFrom: null,
        overtakenExpiries: [],
        ...maintenanceIn(event.data),
      };
      return withExpiry(facts, { number, startsAt, expiresAt }, recordedAt, changes);
    }
    case 'LicenseRenewed': {
      const counters = countersOf(facts, event.data.startsAt, recordedAt);
      const changes = { ...counters, overtakenExpiries: [], ...maintenanceIn(event.data) };
      return withExpiry(facts, renewedTerm(facts.term, event.data), recordedAt, changes);
    }
    case 'LicenseExpiryChanged': {
      const { to } = event.data;
      // A renewed term that would start at the new end, or after it, never runs.
      const nextTerms = to === null ? facts.nextTerms : facts.nextTerms.filter((startsAt) => startsAt < to);
      const changes = {
        ...announcementsAfterMove(facts, to),
        nextTerms,
        metersAfterEnd: {},
        ...maintenanceMoved(facts, event.data),
      };
      return withExpiry(facts, { ...facts.term, expiresAt: to }, recordedAt, changes);
    }
    case 'LicenseMaintenanceChanged':
      return {
        ...facts,
        maintenanceUntil: event.data.to,
        maintenanceSoldForEver: event.data.to === null,
        maintenanceFromPolicy: false,
      };
    case 'LicenseRenewalChanged': {
      const { to, eventId } = event.data;
      return eventId === null
        ? { ...facts, renewal: to, scheduled: withoutPast(facts, 'RENEWAL', effectiveAt) }
        : { ...facts, scheduled: [...facts.scheduled, { eventId, effectiveAt, change: { kind: 'RENEWAL', to } }] };
    }
    case 'LicenseExpired':
      return { ...facts, announcedTerm: event.data.termNumber };
    case 'LicenseGraceEnded':
      return { ...facts, graceEndedTerm: event.data.termNumber };
    case 'LicenseExpiringSoon':
      return { ...facts, reminded: [...facts.reminded, event.data.offset] };
  }
};

/** Changes, in place, what is counted per term and where renewals count their months from. */
export const evolveTermCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, TermEvent>,
  { recordedAt }: At,
): void => {
  switch (event.type) {
    case 'LicenseRenewed':
      notePaidRenewal(license, event);
      if (event.data.startsAt <= recordedAt) countDeactivationsFrom(license, event.data.startsAt);
      if (event.data.startsAt !== event.data.previousExpiresAt) license.calendarAnchor = event.data.startsAt;
      license.termDuration = event.data.duration ?? license.termDuration;
      return;
    case 'LicenseTermStarted':
      notePaidStart(license, event);
      countDeactivationsFrom(license, event.data.startsAt);
      license.calendarAnchor = event.data.countedFrom ?? event.data.startsAt;
      license.termDuration =
        event.data.duration ?? (event.data.trigger === 'TRANSFER' ? license.issuedDuration : license.termDuration);
      return;
    case 'LicenseExpiryChanged':
      license.calendarAnchor = event.data.to ?? license.calendarAnchor;
      license.deactivationsAfterEnd = 0;
      return;
    default:
      event satisfies never;
  }
};

// A term that starts at the end of the last one counts what was deactivated since then.
const countDeactivationsFrom = (license: IssuedLicense, startsAt: Instant): void => {
  license.deactivationsInTerm = startsAt === license.facts.term.expiresAt ? license.deactivationsAfterEnd : 0;
  license.deactivationsAfterEnd = 0;
};

// Reminders belong to one expiry: a new expiry gets reminders of its own.
const withExpiry = (
  facts: LicenseFacts,
  term: Term,
  expirySetAt: Instant,
  changes: Partial<LicenseFacts>,
): LicenseFacts => ({ ...facts, ...changes, term, expirySetAt, reminded: [] });

// An announced expiry is not announced again, even when the expiry moves away and back. A new one is announced.
const announcementsAfterMove = (facts: LicenseFacts, to: Instant | null): Partial<LicenseFacts> => {
  const { number, expiresAt } = facts.term;
  const isAnnounced = expiresAt !== null && facts.announcedTerm >= number;
  if (!isAnnounced && facts.overtakenExpiries.length === 0) return {};
  const announcedExpiries = isAnnounced ? [...facts.overtakenExpiries, expiresAt] : facts.overtakenExpiries;
  return {
    announcedTerm: to !== null && announcedExpiries.includes(to) ? number : number - 1,
    graceEndedTerm: Math.min(facts.graceEndedTerm, number - 1),
    overtakenExpiries: announcedExpiries.filter((announced) => announced !== to),
  };
};

const renewedTerm = (
  previous: Term,
  { termNumber, previousExpiresAt, startsAt, expiresAt }: EventOf<'LicenseRenewed'>['data'],
): Term => ({
  number: termNumber,
  startsAt: startsAt <= previousExpiresAt ? earlier(previous.startsAt ?? startsAt, startsAt) : startsAt,
  expiresAt,
});
