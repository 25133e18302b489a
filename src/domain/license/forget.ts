import type { ForkableMap } from '../forkable-map.ts';
import { type Instant, later, plusSeconds } from '../time.ts';
import type { IssuedLicense, LapsedLease } from './license.ts';
import { forgetUses } from './usage/recent-uses.ts';

// The state keeps ids of past operations only while a guard can ask about them; otherwise it would grow for ever. The
// answer of a guard depends on the instant of its command alone, which is never before the stream's last event. So
// the fold may forget at any time, and does it with the first event of a day.

/** For how many seconds a repeated deactivation or release counts as a repetition, not as a mistake. */
export const repeatedSeconds = 25 * 3_600;

/** Notes an operation that a client may repeat. */
export const noteRepeatable = (done: ForkableMap<string, Instant>, name: string, recordedAt: Instant): void => {
  // The map is in the order of recording, also for an operation that is done again.
  done.setLast(name, recordedAt);
};

/** Returns true when `name` was done less than 25 hours before `at`. */
export const isRepeated = (done: ForkableMap<string, Instant>, name: string, at: Instant): boolean =>
  isWithin(done.get(name), repeatedSeconds, at);

/**
 * Returns until when a lapsed lease is known: as long as it may come back, and as long as a release may be repeated.
 */
export const lapseKnownUntil = (lapsedAt: Instant, resurrectSeconds: number, recordedAt: Instant): Instant => {
  return later(plusSeconds(lapsedAt, resurrectSeconds), plusSeconds(recordedAt, repeatedSeconds));
};

/** Returns the lapsed lease with this id; undefined when there is none, or it lapsed too long before `at`. */
export const recentlyLapsed = ({ lapsed }: IssuedLicense, leaseId: string, at: Instant): LapsedLease | undefined => {
  const lease = lapsed.get(leaseId);
  return lease === undefined || at >= lease.knownUntil ? undefined : lease;
};

/** Returns when the last lease of a holder lapsed; null when no such lease is known. */
export const lastLapseOf = (lapsed: IssuedLicense['lapsed'], holderHashes: readonly string[]): Instant | null => {
  let last: Instant | null = null;
  for (const { lease, lapsedAt } of lapsed.values())
    if (holderHashes.includes(lease.holderHash) && (last === null || lapsedAt > last)) last = lapsedAt;
  return last;
};

/** Returns the day (UTC) of an instant. */
export const dayOf = (instant: Instant): string => instant.slice(0, 10);

/** Removes, in place, with the first event of a day what no guard can ask about any longer. */
export const forget = (license: IssuedLicense, recordedAt: Instant): void => {
  if (recordedAt.startsWith(license.forgottenOn)) return;
  license.forgottenOn = dayOf(recordedAt);
  const { deactivated, released, lapsed, withheld } = license;
  forgetFirst(deactivated, recordedAt, (doneAt) => plusSeconds(doneAt, repeatedSeconds));
  forgetFirst(released, recordedAt, (doneAt) => plusSeconds(doneAt, repeatedSeconds));
  forgetFirst(lapsed, recordedAt, ({ knownUntil }) => knownUntil);
  forgetUses(license, recordedAt);
  // Borrows end in any order. There are at most as many as seats.
  if (withheld.size > fewMax)
    for (const [leaseId, { freeAt }] of [...withheld])
      if (freeAt <= recordedAt && !isAnnouncedLater(license, leaseId)) withheld.delete(leaseId);
};

// The announcement says when the seat returns.
const isAnnouncedLater = ({ ended }: IssuedLicense, leaseId: string): boolean =>
  ended.some(({ leases }) => leases.has(leaseId));

/** Up to this many entries are not worth the effort. */
const fewMax = 100;

const isWithin = (doneAt: Instant | undefined, seconds: number, at: Instant): boolean =>
  doneAt !== undefined && at < plusSeconds(doneAt, seconds);

const forgetFirst = <Value extends NonNullable<unknown>>(
  known: ForkableMap<string, Value>,
  recordedAt: Instant,
  untilOf: (value: Value) => Instant,
): void => {
  for (const [name, value] of known) {
    if (known.size <= fewMax || untilOf(value) > recordedAt) return;
    known.delete(name);
  }
};
