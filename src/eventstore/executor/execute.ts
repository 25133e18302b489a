import type { Rejection } from '../../domain/decider.ts';
import type { EventStore } from '../event-store.ts';
import { type Fact, type Folded, type Folding, weigh } from '../folding.ts';
import { newNonce as randomNonce } from '../ids.ts';
import { noKeeper, type SnapshotKeeper } from '../snapshots/snapshot-keeper.ts';
import { createLru } from './lru.ts';
import { runBatch } from './run-batch.ts';
import { createStreamQueues, type QueueLimits, type StreamQueues } from './stream-queue.ts';
import type { CommandContext, ExecuteRejection, Happened, Moment, Waiting } from './waiting.ts';

/** An accepted command: what happened, and what the caller wanted to see of the state. */
export type Executed<View> = Happened & { readonly view: View };

/** The only way to change anything: every command of the process goes through one executor. */
export type Executor = { readonly execute: Execute; readonly read: Read };

/** Where the events of an aggregate stand, and how they are folded. */
export type Place<Event extends Fact, State> = Folding<Event, State> & { readonly stream: (id: string) => string };

/**
 * Decides on an aggregate's current state and stores the events that follow, or returns the refusal, whatever `decide`
 * calls one. A command id that the stream has accepted before is answered with its first events. `view` is called on
 * the state right after the command (`unchanged`, `repeated`: on the current one) and must copy what it wants: the
 * state goes on changing. `decide` may be called several times and must be pure.
 *
 * Throws Overloaded or StoreUnavailable (nothing was done), AppendTooLarge (nothing was done, nor ever will be),
 * OutcomeUnknown (ask again with the same command id), ChainBroken or UndecodableEvent (the stream is damaged; nothing
 * was done).
 */
export type Execute = <Event extends Fact, State, Refusal extends object, View>(
  aggregate: Place<Event, State>,
  id: string,
  decide: (state: State, moment: Moment) => readonly Event[] | Refusal,
  context: CommandContext,
  view: (state: State) => View,
) => Promise<Executed<View> | Refusal | Rejection<ExecuteRejection>>;

/**
 * Reads an aggregate's current state and returns `view(state, revision)`, which must copy what it wants. A stream
 * without events has the initial state and revision -1. Throws as `execute` does.
 */
export type Read = <Event extends Fact, State, View>(
  aggregate: Place<Event, State>,
  id: string,
  view: (state: State, revision: bigint) => View,
) => Promise<View>;

/** What an executor needs; sizes and times have defaults. */
export type ExecutorNeeds = {
  readonly store: EventStore;
  /** Spares reading long streams from their start; by default nothing does. */
  readonly keeper?: SnapshotKeeper;
  /** Spreads out retries, 0 ≤ random < 1. */
  readonly random?: () => number;
  /** Draws the 128 random bits, hex, that the event ids of one decision follow from. */
  readonly newNonce?: () => string;
  /** Folded streams kept, per kind of aggregate, and the bytes of memory that they may take by estimate. */
  readonly cacheMax?: number;
  readonly cacheBytesMax?: number;
  /** Commands that may wait at once, in all and for one stream. */
  readonly queueMax?: number;
  readonly queuePerStreamMax?: number;
  /** Commands decided for one append. */
  readonly batchMax?: number;
  /** One try of an append; and how long an append of unknown outcome is repeated. */
  readonly appendTimeoutMs?: number;
  readonly giveUpMs?: number;
};

/** Makes the process's executor. It starts nothing by itself and needs no closing. */
export const createExecutor = ({
  store,
  keeper = noKeeper,
  random = Math.random,
  newNonce = randomNonce,
  cacheMax = 5_000,
  cacheBytesMax = 128 * 1_024 * 1_024,
  queueMax = 2_048,
  queuePerStreamMax = 1_024,
  batchMax = 200,
  appendTimeoutMs = 3_000,
  giveUpMs = 10_000,
}: ExecutorNeeds): Executor => {
  const limits: QueueLimits = { totalMax: queueMax, perStreamMax: queuePerStreamMax, total: 0 };
  const patience = { timeoutMs: appendTimeoutMs, giveUpMs, random };
  const queuesByFold = new WeakMap<object, unknown>();

  const createQueues = <Event extends Fact, State>(folding: Folding<Event, State>) => {
    const cache = createLru<Folded<State>>({ entriesMax: cacheMax, weightMax: cacheBytesMax }, (folded) =>
      weigh(folding, folded),
    );
    return createStreamQueues<Waiting<Event, State>>(limits, batchMax, (stream, batch) =>
      runBatch({ store, keeper, cache, patience, newNonce }, folding, stream, batch),
    );
  };

  // Aggregates that differ only in what they decide share their streams, so also the queues and what is cached.
  const queuesOf = <Event extends Fact, State>(folding: Folding<Event, State>): StreamQueues<Waiting<Event, State>> => {
    const { evolve } = folding.decider;
    const existing = queuesByFold.get(evolve);
    // Keyed by the function that takes these very types, and written below only.
    if (existing !== undefined) return existing as StreamQueues<Waiting<Event, State>>;
    const created = createQueues(folding);
    queuesByFold.set(evolve, created);
    return created;
  };

  return {
    execute: <Event extends Fact, State, Refusal extends object, View>(
      aggregate: Place<Event, State>,
      id: string,
      decide: (state: State, moment: Moment) => readonly Event[] | Refusal,
      context: CommandContext,
      view: (state: State) => View,
    ) =>
      new Promise<Executed<View> | Refusal | Rejection<ExecuteRejection>>((resolve, reject) => {
        queuesOf(aggregate).add(aggregate.stream(id), {
          kind: 'command',
          context,
          decide: (state, moment) => {
            const decision = decide(state, moment);
            return isEvents(decision) ? decision : () => resolve(decision);
          },
          view: (state) => {
            const seen = view(state);
            return (happened) => resolve({ ...happened, view: seen });
          },
          refuse: resolve,
          fail: reject,
        });
      }),
    read: (aggregate, id, view) =>
      new Promise((resolve, reject) => {
        queuesOf(aggregate).add(aggregate.stream(id), {
          kind: 'read',
          view: (state, revision) => {
            const seen = view(state, revision);
            return () => resolve(seen);
          },
          fail: reject,
        });
      }),
  };
};

const isEvents = <Event, Refusal extends object>(decision: readonly Event[] | Refusal): decision is readonly Event[] =>
  Array.isArray(decision);
