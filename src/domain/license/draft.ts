import { stamp } from '../decider.ts';
import type { Instant } from '../time.ts';
import { announcements } from './endings/decide-announcements.ts';
import type { LicenseEvent } from './events.ts';
import { evolve, forkIssued } from './evolve.ts';
import type { IssuedLicense } from './license.ts';

/** A decision of several events. Each event is decided on the license after the events before it. */
export type Draft = {
  /** When the decision takes effect: now, or at the instant that was announced for it. */
  readonly at: Instant;
  readonly events: readonly LicenseEvent[];
  /** A copy of the license after the events so far. The original license stays as it is. */
  readonly license: IssuedLicense;
  readonly add: (event: LicenseEvent) => void;
  /** Returns the events so far, and as many announcements of what they end as fit into one decision. */
  readonly decided: () => readonly LicenseEvent[];
};

/**
 * Returns a decision without events, recorded at `recordedAt`. With an earlier `effectiveAt` each of its events takes
 * effect then.
 */
export const draftOf = (license: IssuedLicense, recordedAt: Instant, effectiveAt: Instant = recordedAt): Draft => {
  const dated = (event: LicenseEvent): LicenseEvent =>
    effectiveAt === recordedAt || event.effectiveAt !== undefined ? event : { ...event, effectiveAt };
  const events: LicenseEvent[] = [];
  const copy = forkIssued(license);
  // The worker announces what earlier events ended; this decision must not announce it under the name of its caller.
  const mayAnnounce = license.facts.endings.length === 0;
  return {
    at: effectiveAt,
    events,
    license: copy,
    add: (added) => {
      const event = dated(added);
      events.push(event);
      evolve(copy, event, stamp(event, recordedAt).at);
    },
    decided: () =>
      mayAnnounce ? [...events, ...announcements(copy, recordedAt, decisionEventsMax - events.length)] : events,
  };
};

/** The most events of a decision with announcements. Without announcements a decision has as many as it needs. */
const decisionEventsMax = 200;
