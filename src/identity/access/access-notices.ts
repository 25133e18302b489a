import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';

/**
 * Knows which rights that this process remembers still count. A subject is the id of an organization, a user, an API
 * key or a session.
 */
export type AccessNotices = {
  /** Ends what was remembered about a subject until now, or about all with `everybody`. Checks who watches it. */
  readonly note: (subject: string) => void;
  /** Notes that every notice of a change before this moment has arrived. The moment is one of `elapsedMs`. */
  readonly confirm: (atMs: number) => void;
  /** Returns true while rights that were read at this moment of `elapsedMs` count for all these subjects. */
  readonly isCurrent: (readMs: number, subjects: readonly string[]) => boolean;
  /**
   * Calls `check` when the rights of a subject may have changed, and every second while notices do not arrive. Calls do
   * not overlap. `check` must not fail. Returns what ends the watch.
   */
  readonly watch: (subjects: readonly string[], check: () => Promise<void>) => () => void;
};

/** The subject of a change that may concern every credential. */
export const everybody = '*';

type Credential =
  | { readonly kind: 'apiKey'; readonly apiKeyId: string; readonly organizationId: string }
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly sessionId: string;
      readonly organizationId: string | null;
    };

/** Returns the subjects whose changes concern a credential. */
export const subjectsOf = (caller: Credential): readonly string[] => {
  const own = caller.kind === 'user' ? [caller.userId, caller.sessionId] : [caller.apiKeyId];
  return caller.organizationId === null ? own : [...own, caller.organizationId];
};

/** How long rights are remembered while notices of their changes arrive: 30 seconds. */
const rememberedMs = 30_000;
/** How long rights are remembered while notices do not arrive, and how often watched rights are checked then. */
const unconfirmedMs = 1_000;
/** How long notices count as arriving after they were confirmed. With `unconfirmedMs` it stays below two seconds. */
const confirmedMs = 1_500;
const subjectsMax = 10_000;
/** How many checks of watched rights run at a time. */
const checksMax = 4;

/**
 * Creates the notices of a process. Until `confirm` is called, rights are remembered for one second. A notice costs the
 * same whatever the process remembers.
 */
export const createAccessNotices = (elapsedMs: () => number = () => performance.now()): AccessNotices => {
  let confirmedAtMs = Number.NEGATIVE_INFINITY;
  // Whatever was read until then no longer counts.
  let allEndedMs = Number.NEGATIVE_INFINITY;
  const endedMs = new LRUCache<string, number>({
    max: subjectsMax,
    dispose: (atMs, _subject, reason) => {
      // A forgotten notice ends what it would have ended, and all that was read before it.
      if (reason === 'evict') allEndedMs = Math.max(allEndedMs, atMs);
    },
  });
  const watches = createWatches(() => elapsedMs() - confirmedAtMs >= confirmedMs);

  return {
    note: (subject) => {
      if (subject === everybody) allEndedMs = elapsedMs();
      else endedMs.set(subject, elapsedMs());
      watches.check(subject);
    },
    confirm: (atMs) => {
      confirmedAtMs = Math.max(confirmedAtMs, atMs);
    },
    isCurrent: (readMs, subjects) => {
      const now = elapsedMs();
      const limitMs = now - confirmedAtMs < confirmedMs ? rememberedMs : unconfirmedMs;
      if (now - readMs >= limitMs || readMs <= allEndedMs) return false;
      return subjects.every((subject) => readMs > (endedMs.peek(subject) ?? Number.NEGATIVE_INFINITY));
    },
    watch: watches.watch,
  };
};

/** Holds who watches which subjects. While `isUnconfirmed`, everybody is checked every second. */
const createWatches = (isUnconfirmed: () => boolean) => {
  const bySubject = new Map<string, Set<() => void>>();
  const all = new Set<() => void>();
  // One notice can concern a thousand streams, and their checks must leave connections to requests.
  const inTurn = pLimit(checksMax);
  let timer: NodeJS.Timeout | undefined;

  const watch: AccessNotices['watch'] = (subjects, check) => {
    const run = withoutOverlap(() => inTurn(check));
    all.add(run);
    for (const subject of subjects) bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(run));
    timer ??= setInterval(() => {
      if (isUnconfirmed()) for (const run of all) run();
    }, unconfirmedMs).unref();
    return () => {
      all.delete(run);
      for (const subject of subjects) {
        const watching = bySubject.get(subject);
        watching?.delete(run);
        if (watching?.size === 0) bySubject.delete(subject);
      }
      if (all.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  };
  return {
    watch,
    check: (subject: string): void => {
      for (const run of subject === everybody ? all : (bySubject.get(subject) ?? [])) run();
    },
  };
};

/** Returns a function that runs `check` now, or again after the run that has begun already. */
const withoutOverlap = (check: () => Promise<void>): (() => void) => {
  let isRunning = false;
  let isWanted = false;
  const run = async (): Promise<void> => {
    do {
      isWanted = false;
      await check();
    } while (isWanted);
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    void run();
  };
};
