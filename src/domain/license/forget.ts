import type { ForkableMap } from '../forkable-map.ts';
import { type Instant, plusSeconds } from '../time.ts';
import type { IssuedLicense, LapsedLease } from './license.ts';

// What would grow for ever is kept only as long as a guard can ask for it. What a guard is told depends on the instant of its
// command alone, and a command is decided at the instant of the stream's last event or later: so it makes no difference when
// the fold forgets. It forgets by the instants of events, about once in 25 hours of a stream's life.

/** For how many seconds a repeated deactivation or release is told from a mistake. */
export const repeatedSeconds = 25 * 3_600;

/** For how long a use is told from another one with the same id. */
const usageSeconds = 35 * 86_400;

/** Notes that something was done that may be asked for again. */
export const noteRepeatable = (done: ForkableMap<string, Instant>, name: string, recordedAt: Instant): void => {
  // The order in the map is that of the recording, also of what is done again.
  done.delete(name);
  done.set(name, recordedAt);
};

/** Returns true when `name` was done less than 25 hours before `at`. */
export const isRepeated = (done: ForkableMap<string, Instant>, name: string, at: Instant): boolean =>
  isWithin(done.get(name), repeatedSeconds, at);

/** Returns true when a use with this id was recorded less than 35 days before `at`. */
export const isKnownUsage = ({ usageIds }: IssuedLicense, usageId: string, at: Instant): boolean =>
  isWithin(usageIds.get(usageId), usageSeconds, at);

/** Until when a lease that lapses is known: as long as it may come back, and as long as a repeated release. */
export const lapseKnownUntil = (lapsedAt: Instant, resurrectSeconds: number, recordedAt: Instant): Instant => {
  const [back, repeated] = [plusSeconds(lapsedAt, resurrectSeconds), plusSeconds(recordedAt, repeatedSeconds)];
  return back > repeated ? back : repeated;
};

/** Returns the lease that lapsed; undefined when none of this id did, or it lapsed too long before `at`. */
export const lapsedLease = ({ lapsed }: IssuedLicense, leaseId: string, at: Instant): LapsedLease | undefined => {
  const found = lapsed.get(leaseId);
  return found === undefined || at >= found.knownUntil ? undefined : found;
};

/** Forgets, in place, what no guard can ask for from `recordedAt` on. Each thing is looked at once for an event that adds it. */
export const forget = (license: IssuedLicense, recordedAt: Instant): void => {
  if (recordedAt < license.forgetAt) return;
  const { deactivated, released, lapsed, withheld, usageIds } = license;
  if (deactivated.size + released.size + lapsed.size + withheld.size + usageIds.size === 0) return;
  license.forgetAt = plusSeconds(recordedAt, repeatedSeconds);
  const unrepeatable = plusSeconds(recordedAt, -repeatedSeconds);
  forgetFirst(deactivated, (doneAt) => doneAt <= unrepeatable);
  forgetFirst(released, (doneAt) => doneAt <= unrepeatable);
  forgetFirst(lapsed, ({ knownUntil }) => knownUntil <= recordedAt);
  if (usageIds.size > 0) {
    const unknown = plusSeconds(recordedAt, -usageSeconds);
    forgetFirst(usageIds, (usedAt) => usedAt <= unknown);
  }
  // Borrows end in any order. There are no more of them than seats.
  for (const [leaseId, freeAt] of [...withheld]) if (freeAt <= recordedAt) withheld.delete(leaseId);
};

const isWithin = (doneAt: Instant | undefined, seconds: number, at: Instant): boolean =>
  doneAt !== undefined && at < plusSeconds(doneAt, seconds);

const forgetFirst = <Value>(known: ForkableMap<string, Value>, isGone: (value: Value) => boolean): void => {
  for (let first = known.first(); first !== undefined && isGone(first[1]); first = known.first()) {
    known.delete(first[0]);
  }
};
