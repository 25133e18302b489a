import { refuseWithConnection } from '../../async/connection-watch.ts';
import type { Rejection } from '../../domain/decider.ts';
import type { EventStore } from '../event-store.ts';
import { type DomainEvent, type Folded, type Folding, weigh } from '../folding.ts';
import { noKeeper, type SnapshotKeeper } from '../snapshots/snapshot-keeper.ts';
import { newNonce as randomNonce } from '../uuids.ts';
import { type Deadline, withDeadline } from './deadline.ts';
import { createLru } from './lru.ts';
import { runBatch } from './run-batch.ts';
import { createStreamQueues, type QueueLimits, type StreamQueues } from './stream-queue.ts';
import type { CommandContext, CommandResult, ExecuteRejection, Moment, Waiting } from './waiting.ts';

/** The result of an accepted command, with the caller's view of the state. */
export type Executed<View> = CommandResult & { readonly view: View };

/** Carries out commands and reads. Every command of a process goes through one executor. */
export type Executor = { readonly execute: Execute; readonly read: Read };

/** The streams of a kind of aggregate, and how to fold their events. */
export type Place<Event extends DomainEvent, State> = Folding<Event, State> & {
  readonly stream: (id: string) => string;
};

/**
 * Calls `decide` on an aggregate's current state and stores the events that it returns. When `decide` returns anything
 * but a list of events, returns that refusal. When the stream has accepted the command id before, returns the events of
 * that time. `decide` may be called several times and must be pure.
 *
 * Throws Overloaded or StoreUnavailable (nothing was done), AppendTooLarge (nothing was or will be done), or
 * OutcomeUnknown (send it again with the same command id). Throws ChainBroken or UndecodableEvent when the stream is
 * damaged, and nothing was done.
 */
export type Execute = <Event extends DomainEvent, State, Refusal extends object, View>(
  aggregate: Place<Event, State>,
  id: string,
  decide: Decide<Event, State, Refusal>,
  options: ExecuteOptions<State, View>,
) => Promise<Executed<View> | Refusal | Rejection<ExecuteRejection>>;

/** Decides on the current state: returns the events that follow, or a refusal. */
type Decide<Event, State, Refusal> = (state: State, moment: Moment) => readonly Event[] | Refusal;

/** Who sends a command, and what the caller reads of the state in the same step. */
export type ExecuteOptions<State, View> = {
  readonly context: CommandContext;
  /**
   * Is called on the state right after the command, or on the current state when the command was `unchanged` or
   * `repeated`. It must copy what it returns, because the state goes on changing.
   */
  readonly view: (state: State) => View;
};

/**
 * Reads an aggregate's current state and returns `view(state, revision)`, which must copy what it returns. A stream
 * without events has the initial state and revision -1. Throws as `execute` does.
 */
export type Read = <Event extends DomainEvent, State, View>(
  aggregate: Place<Event, State>,
  id: string,
  view: (state: State, revision: bigint) => View,
) => Promise<View>;

/** The needs of an executor. Sizes and times have defaults. */
export type ExecutorNeeds = {
  readonly store: EventStore;
  /** Takes and finds snapshots of long streams. By default every stream is read from its start. */
  readonly keeper?: SnapshotKeeper;
  /** Spreads retries over time, 0 ≤ random < 1. */
  readonly random?: () => number;
  /** Returns 128 random bits, hex. The event ids of one decision are derived from them. */
  readonly newNonce?: () => string;
  /** The most folded streams in the cache, per kind of aggregate, and their most bytes of memory by estimate. */
  readonly cacheMax?: number;
  readonly cacheBytesMax?: number;
  /** The most commands that may wait at once, in all and for one stream. */
  readonly queueMax?: number;
  readonly queuePerStreamMax?: number;
  /** The most commands that go into one append. */
  readonly batchMax?: number;
  /** Milliseconds for one try of an append, and for repeating an append with an unknown outcome. */
  readonly appendTimeoutMs?: number;
  readonly giveUpMs?: number;
  /** Milliseconds after which every call has its answer: reading, waiting in the queue and appending together. */
  readonly limitMs?: number;
};

const tryMsMax = 3_000;
// With the last try an append ends after ten seconds.
const repeatMsMax = 7_000;

/** Milliseconds that an append of the executor takes at most, with all its repetitions, and a command with its wait. */
export const appendMsMax = repeatMsMax + tryMsMax;

/** Creates the executor of a process. It starts nothing by itself and needs no closing. */
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
  appendTimeoutMs = tryMsMax,
  giveUpMs = repeatMsMax,
  limitMs = Math.max(appendMsMax, giveUpMs + appendTimeoutMs),
}: ExecutorNeeds): Executor => {
  const limits: QueueLimits = { totalMax: queueMax, perStreamMax: queuePerStreamMax, total: 0 };
  const patience = { timeoutMs: appendTimeoutMs, giveUpMs, random };
  const queuesOf = shareByFold(<Event extends DomainEvent, State>(folding: Folding<Event, State>) => {
    const bounds = { entriesMax: cacheMax, weightMax: cacheBytesMax };
    const cache = createLru<Folded<State>>(bounds, (folded) => weigh(folding, folded));
    return createStreamQueues<Waiting<Event, State>>(limits, batchMax, (stream, batch) =>
      runBatch({ store, keeper, cache, patience, newNonce }, folding, stream, batch),
    );
  });

  return {
    execute: (aggregate, id, decide, options) =>
      withDeadline(
        limitMs,
        (deadline) =>
          new Promise((resolve, reject) => {
            refuseWithConnection('send a command');
            const waiting = waitingCommand(decide, options, { deadline, resolve, reject });
            queuesOf(aggregate).add(aggregate.stream(id), waiting);
          }),
      ),
    read: (aggregate, id, view) =>
      withDeadline(
        limitMs,
        (deadline) =>
          new Promise((resolve, reject) => {
            refuseWithConnection('read a stream');
            queuesOf(aggregate).add(aggregate.stream(id), waitingRead(view, { deadline, resolve, reject }));
          }),
      ),
  };
};

type QueuesOf = <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
) => StreamQueues<Waiting<Event, State>>;

/**
 * Creates queues once for each way to fold. Aggregates that differ only in their decisions have the same streams, so
 * they must share the queues and the cache.
 */
const shareByFold = (create: QueuesOf): QueuesOf => {
  const queuesByEvolve = new WeakMap<object, unknown>();
  return <Event extends DomainEvent, State>(folding: Folding<Event, State>) => {
    const { evolve } = folding.decider;
    const existing = queuesByEvolve.get(evolve);
    // The key is a function of these types, and only the lines below write to the map.
    if (existing !== undefined) return existing as StreamQueues<Waiting<Event, State>>;
    const created = create(folding);
    queuesByEvolve.set(evolve, created);
    return created;
  };
};

/** How a caller gets its answer, and by when. */
type Caller<Result> = {
  readonly deadline: Deadline;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

const waitingCommand = <Event, State, Refusal extends object, View>(
  decide: Decide<Event, State, Refusal>,
  { context, view }: ExecuteOptions<State, View>,
  { deadline, resolve, reject }: Caller<Executed<View> | Refusal | Rejection<ExecuteRejection>>,
): Waiting<Event, State> => ({
  kind: 'command',
  deadline,
  context,
  decide: (state, moment) => {
    const decision = decide(state, moment);
    return isEvents(decision) ? decision : () => resolve(decision);
  },
  view: (state) => {
    const seen = view(state);
    return (result) => resolve({ ...result, view: seen });
  },
  refuse: resolve,
  fail: reject,
});

const waitingRead = <Event, State, View>(
  view: (state: State, revision: bigint) => View,
  { deadline, resolve, reject }: Caller<View>,
): Waiting<Event, State> => ({
  kind: 'read',
  deadline,
  view: (state, revision) => {
    const seen = view(state, revision);
    return () => resolve(seen);
  },
  fail: reject,
});

const isEvents = <Event, Refusal extends object>(decision: readonly Event[] | Refusal): decision is readonly Event[] =>
  Array.isArray(decision);
