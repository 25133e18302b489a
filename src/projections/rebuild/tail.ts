import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventStore,
  type Idle,
  type Position,
  type Recorded,
  StoreUnavailable,
} from '../../eventstore/event-store.ts';
import { streamPrefixes } from '../fold/fold-event.ts';
import { gather } from '../gather.ts';

/** The log after some position, which its user takes piece by piece. Events that nobody takes wait. */
export type Tail = {
  /** Returns the position up to which `apply` has received everything. */
  readonly position: () => Position | 'start';
  /** Returns true once there is something to take, and false when nothing has come for `waitMs`. */
  readonly arrived: (waitMs: number) => Promise<boolean>;
  /** Applies everything that has come. */
  readonly take: () => Promise<void>;
  /** Applies exactly what lies up to `goal`, which the log must contain. Waits until it has come. */
  readonly reach: (goal: Position) => Promise<void>;
  /** Ends the subscription to the log. */
  readonly close: () => void;
};

/** Applies events after `from`, and records that everything up to `to` is applied. */
export type Apply = (part: { from: Position | 'start'; events: readonly Recorded[]; to: Position }) => Promise<void>;

/**
 * Opens the log after `from`, and reconnects where it was when the connection is lost. Throws StoreUnavailable when
 * that fails ten times in a row. Every wait throws the reason of `signal` once it is aborted.
 */
export const openTail = (
  { store, from, signal: stop }: { store: EventStore; from: Position | 'start'; signal: AbortSignal },
  apply: Apply,
): Tail => {
  const closing = new AbortController();
  const arrivals = openArrivals(store, from, AbortSignal.any([stop, closing.signal]));
  let position = from;

  const applyFirst = async (count: number, to: Position): Promise<void> => {
    const events = arrivals.waiting().slice(0, count).filter(isRecorded);
    if (position === 'start' || to.commit > position.commit) await apply({ from: position, events, to });
    position = to;
    arrivals.remove(count);
  };

  return {
    close: () => closing.abort(),
    position: () => position,
    arrived: arrivals.wait,
    take: async () => {
      const entries = arrivals.waiting();
      const last = entries.at(-1);
      if (last !== undefined) await applyFirst(entries.length, placeOf(last));
    },
    reach: async (goal) => {
      while (position === 'start' || position.commit < goal.commit) {
        if (!(await arrivals.wait(1_000))) continue;
        const entries = arrivals.waiting();
        const beyond = entries.findIndex((entry) => placeOf(entry).commit > goal.commit);
        const last = beyond === -1 ? entries.at(-1) : undefined;
        await applyFirst(beyond === -1 ? entries.length : beyond, last === undefined ? goal : placeOf(last));
      }
    },
  };
};

/** What has come of the log and waits to be applied. Reads on only after everything was removed. */
const openArrivals = (store: EventStore, from: Position | 'start', signal: AbortSignal) => {
  const groups = gather(followWithReconnect(store, from, signal), groupMax);
  let waiting: readonly (Recorded | Idle)[] = [];
  let coming: Promise<void> | null = null;

  const readNext = async (): Promise<void> => {
    const group = await groups.next();
    coming = null;
    signal.throwIfAborted();
    if (group.done === true) throw new Error('The log ended.');
    waiting = group.value;
  };

  const wait = async (waitMs: number): Promise<boolean> => {
    if (waiting.length > 0) return true;
    if (coming === null) {
      coming = readNext();
      // The next caller of `wait` gets the error.
      coming.catch(() => undefined);
    }
    const timer = new AbortController();
    try {
      await Promise.race([coming, delay(waitMs, undefined, { signal: timer.signal })]);
    } finally {
      timer.abort();
    }
    return waiting.length > 0;
  };

  return {
    wait,
    waiting: () => waiting,
    remove: (count: number): void => {
      waiting = waiting.slice(count);
    },
  };
};

async function* followWithReconnect(store: EventStore, start: Position | 'start', signal: AbortSignal) {
  let from = start;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const entry of store.follow(from, { streamPrefixes, signal })) {
        yield entry;
        from = placeOf(entry);
        failures = 0;
      }
      return;
    } catch (error) {
      failures += 1;
      if (!(error instanceof StoreUnavailable) || failures === failuresMax) throw error;
      await delay(reconnectMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

const groupMax = 2_000;
const failuresMax = 10;
const reconnectMs = 1_000;

const isRecorded = (entry: Recorded | Idle): entry is Recorded => !('idle' in entry);
const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
