import { stamp } from '../decider.ts';
import type { Instant } from '../time.ts';
import { announcements } from './endings/decide-announcements.ts';
import type { LicenseEvent } from './events.ts';
import { evolve, fork } from './evolve.ts';
import type { IssuedLicense } from './license.ts';

/** A decision of several events, each made on the license as the ones before it leave it. */
export type Draft = {
  readonly at: Instant;
  readonly events: readonly LicenseEvent[];
  /** As it is after the events so far; the license that was decided on stays as it is. */
  readonly license: IssuedLicense;
  readonly add: (event: LicenseEvent) => void;
  /** Returns the events so far and, after them, as many announcements of what they end as fit into one decision. */
  readonly decided: () => readonly LicenseEvent[];
};

/** A decision without events yet. */
export const draftOf = (license: IssuedLicense, at: Instant): Draft => {
  const events: LicenseEvent[] = [];
  const copy = fork(license);
  if (copy.kind === 'unissued') throw new Error('A copy of an issued license is issued.');
  // What was ended before is announced before, and not in the name of who sends this command.
  const isFirst = license.facts.endings.length === 0;
  return {
    at,
    events,
    license: copy,
    add: (event) => {
      events.push(event);
      evolve(copy, event, stamp(event, at).at);
    },
    decided: () => (isFirst ? [...events, ...announcements(copy, at, decisionEventsMax - events.length)] : events),
  };
};

/**
 * How many events a decision may have where it also announces; what it decides it decides, however many events that
 * takes.
 */
const decisionEventsMax = 200;
