import { stamp } from '../decider.ts';
import { type Instant, toMs } from '../time.ts';
import type { Due, UpcomingCommand } from './due-command.ts';
import type { LicenseEvent } from './events.ts';
import { evolve, forkIssued } from './evolve.ts';
import { announcedEndsMax, dueEntitlementEnds, endEntitlements } from './grants/entitlement-ends.ts';
import { retireKey } from './keys/decide-keys.ts';
import { dueKeyRetirements } from './keys/due-keys.ts';
import type { IssuedLicense, License, LicenseFacts } from './license.ts';
import { dueTierChanges } from './scheduled/due-scheduled.ts';
import { dueSuspensionEnds, endSuspension } from './suspension/suspension-ends.ts';
import { endGrace, expire } from './term/decide-expiry.ts';
import { dueEnds } from './term/due-term.ts';
import { carryOutTierChange } from './tiers/carry-out-tier-change.ts';
import { endTrial, isDowngradedTrial } from './tiers/end-trial.ts';

// Announced changes take effect at their instant, whether or not a worker has recorded them. Each command first records
// what has fallen due, and each answer derives the same from the state.

/** The events of everything that has fallen due on a license, each with its own instant, and the license after them. */
export type Settled = { readonly license: IssuedLicense; readonly events: readonly LicenseEvent[] };

/**
 * Decides what has fallen due by `at`, in the order in which it fell due. These are announced tier changes, and the end
 * of a term, a trial, a grace, a rotated key, a timed suspension or an entitlement. Nothing can refuse these. `license`
 * stays as it is. Reminders and announcements of ended parts are left to the worker, and those of entitlements beyond
 * the first `announcedEndsMax`. Events beyond `bytesMax` bytes (null: any number) stay due, with everything after them.
 */
export const settle = (license: IssuedLicense, at: Instant, bytesMax: number | null = null): Settled => {
  const events: LicenseEvent[] = [];
  let settled = license;
  let bytesLeft = bytesMax;
  let endsLeft = announcedEndsMax;
  const next = () => nextDue(settled.facts, endsLeft > 0);
  for (let due = next(); due !== null; due = next()) {
    const decided = carryOut(due, settled, at);
    // What is not due yet has no events, and nothing falls due before it.
    if (decided.length === 0) break;
    if (due.type === 'EndEntitlements') endsLeft -= decided.length;
    if (bytesLeft !== null) {
      bytesLeft -= bytesOf(decided);
      if (bytesLeft < 0) break;
    }
    settled = forkIssued(settled);
    for (const event of decided) {
      events.push(event);
      evolve(settled, event, stamp(event, at).at);
    }
  }
  return { license: settled, events };
};

/**
 * The most bytes of events that fall due before a command in its append, so that the command fits too. The worker records
 * more, each due change in an append of its own. A license comes here with two changes of large policies at once.
 */
export const settledBytesMax = 650_000;

/** Returns the license after everything that has fallen due by `at`. Every answer about a license shows this one. */
export const settledAt = (license: License, at: Instant): License =>
  license.kind === 'unissued' ? license : settle(license, at).license;

/**
 * Returns true when an announced tier change or the end of a trial has fallen due by `at` and is not recorded yet. The
 * facts alone then no longer say what is true.
 */
export const isUnsettled = (facts: LicenseFacts, at: Instant): boolean => {
  if (facts.revokedAt !== null) return false;
  const { expiresAt } = facts.term;
  if (expiresAt !== null && expiresAt <= at && isDowngradedTrial(facts)) return true;
  return facts.scheduled.some(({ change, effectiveAt }) => change.kind === 'TIER' && effectiveAt <= at);
};

/** Returns what falls due next, which may be later than now. */
const nextDue = (facts: LicenseFacts, announcesEnds: boolean): Due | null => {
  if (facts.revokedAt !== null) return null;
  let first: UpcomingCommand | null = null;
  // Of commands that fall due at one instant the first in this order comes first, as in `dueCommands`.
  for (const upcoming of upcomingOf(facts, announcesEnds))
    if (first === null || toMs(upcoming.from) < toMs(first.from)) first = upcoming;
  return first?.due ?? null;
};

// In the order of `dueCommands`.
const upcomingOf = (facts: LicenseFacts, announcesEnds: boolean): readonly UpcomingCommand[] => [
  ...dueSuspensionEnds(facts),
  ...(announcesEnds ? dueEntitlementEnds(facts) : []),
  ...dueTierChanges(facts),
  ...dueEnds(facts),
  ...dueKeyRetirements(facts),
];

const carryOut = (due: Due, license: IssuedLicense, at: Instant): readonly LicenseEvent[] => {
  switch (due.type) {
    case 'CarryOutScheduled':
      return carryOutTierChange({ ...due, at }, license);
    case 'Expire':
      return expire({ ...due, at }, license);
    case 'EndGrace':
      return endGrace({ ...due, at }, license);
    case 'EndTrial':
      return endTrial({ ...due, at }, license);
    case 'RetireKey':
      return retireKey({ ...due, at }, license);
    case 'EndSuspension':
      return endSuspension({ ...due, at }, license);
    case 'EndEntitlements':
      return endEntitlements({ ...due, at }, license);
    case 'Remind':
    case 'AnnounceEnded':
      return [];
  }
};

// As the store counts them: the content, and an envelope of 1,200 bytes.
const bytesOf = (events: readonly LicenseEvent[]): number =>
  events.length * 1_200 + new TextEncoder().encode(JSON.stringify(events)).length;
