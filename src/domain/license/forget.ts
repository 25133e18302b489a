import type { ForkableMap } from '../forkable-map.ts';
import { type Instant, plusSeconds } from '../time.ts';
import type { IssuedLicense, LapsedLease } from './license.ts';

// What would grow for ever is kept only as long as a guard can ask for it. What a guard is told depends on the instant
// of its command alone, and a command is decided at the instant of the stream's last event or later: so it makes no
// difference when the fold forgets: by the instants of events, with the first event of a day.

/** For how many seconds a repeated deactivation or release is told from a mistake. */
export const repeatedSeconds = 25 * 3_600;

/** For how long a use is told from another one with the same id. */
const usageSeconds = 35 * 86_400;

/** Notes that something was done that may be asked for again. */
export const noteRepeatable = (done: ForkableMap<string, Instant>, name: string, recordedAt: Instant): void => {
  // The order in the map is that of the recording, also of what is done again.
  done.setLast(name, recordedAt);
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

/** The day (UTC) of an instant. */
export const dayOf = (instant: Instant): string => instant.slice(0, 10);

/**
 * Forgets, in place, with the first event of a day what no guard can ask for any longer. Each thing is forgotten once.
 */
export const forget = (license: IssuedLicense, recordedAt: Instant): void => {
  if (recordedAt.startsWith(license.forgottenOn)) return;
  license.forgottenOn = dayOf(recordedAt);
  const { deactivated, released, lapsed, withheld, usageIds } = license;
  forgetFirst(deactivated, recordedAt, (doneAt) => plusSeconds(doneAt, repeatedSeconds));
  forgetFirst(released, recordedAt, (doneAt) => plusSeconds(doneAt, repeatedSeconds));
  forgetFirst(lapsed, recordedAt, ({ knownUntil }) => knownUntil);
  forgetFirst(usageIds, recordedAt, (usedAt) => plusSeconds(usedAt, usageSeconds));
  // Borrows end in any order. There are no more of them than seats.
  if (withheld.size > fewMax)
    for (const [leaseId, freeAt] of [...withheld]) if (freeAt <= recordedAt) withheld.delete(leaseId);
};

/** So many are not worth the effort. */
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
