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

/** The log from some position on, taken in hand piece by piece: what is not taken waits. */
export type Tail = {
  /** Everything up to here was handed to `apply`. */
  readonly position: () => Position | 'start';
  /** True when something is there to be taken; false when nothing has come for `waitMs`. */
  readonly arrived: (waitMs: number) => Promise<boolean>;
  /** Hands over all that is there. */
  readonly take: () => Promise<void>;
  /** Hands over exactly what lies up to `goal`, which the log must contain; waits until it has come. */
  readonly reach: (goal: Position) => Promise<void>;
  /** Lets go of the log. */
  readonly close: () => void;
};

/** Brings events after `from` where they belong, and notes that everything up to `to` is there. */
export type Apply = (part: { from: Position | 'start'; events: readonly Recorded[]; to: Position }) => Promise<void>;

/**
 * Opens the log after `from`. A connection that is lost is made again, from where it was; throws StoreUnavailable when that
 * fails ten times in a row. With `signal` every wait throws its reason.
 */
export const openTail = (
  { store, from, signal: stop }: { store: EventStore; from: Position | 'start'; signal: AbortSignal },
  apply: Apply,
): Tail => {
  const closing = new AbortController();
  const signal = AbortSignal.any([stop, closing.signal]);
  const groups = gather(followSurely(store, from, signal), groupMax);
  let position = from;
  let waiting: readonly (Recorded | Idle)[] = [];
  let coming: Promise<void> | null = null;

  const next = async (): Promise<void> => {
    const group = await groups.next();
    coming = null;
    signal.throwIfAborted();
    if (group.done === true) throw new Error('The log ended.');
    waiting = group.value;
  };

  const arrived = async (waitMs: number): Promise<boolean> => {
    if (waiting.length > 0) return true;
    if (coming === null) {
      coming = next();
      // Whoever waits for it next is told.
      coming.catch(() => undefined);
    }
    const over = new AbortController();
    try {
      await Promise.race([coming, delay(waitMs, undefined, { signal: over.signal })]);
    } finally {
      over.abort();
    }
    return waiting.length > 0;
  };

  const hand = async (entries: readonly (Recorded | Idle)[], to: Position): Promise<void> => {
    const events = entries.filter((entry): entry is Recorded => !('idle' in entry));
    if (position === 'start' || to.commit > position.commit) await apply({ from: position, events, to });
    position = to;
    waiting = waiting.slice(entries.length);
  };

  return {
    close: () => closing.abort(),
    position: () => position,
    arrived,
    take: async () => {
      const last = waiting.at(-1);
      if (last !== undefined) await hand(waiting, placeOf(last));
    },
    reach: async (goal) => {
      while (position === 'start' || position.commit < goal.commit) {
        if (!(await arrived(1_000))) continue;
        const beyond = waiting.findIndex((entry) => placeOf(entry).commit > goal.commit);
        const within = beyond === -1 ? waiting : waiting.slice(0, beyond);
        const last = within.at(-1);
        await hand(within, last === undefined || beyond !== -1 ? goal : placeOf(last));
      }
    },
  };
};

async function* followSurely(store: EventStore, start: Position | 'start', signal: AbortSignal) {
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

const groupMax = 5_000;
const failuresMax = 10;
const reconnectMs = 1_000;

const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
