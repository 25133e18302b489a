import { isRejection, type Rejection } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Aggregate, Fact, Folding } from './aggregate.ts';
import type { EventStore } from './event-store.ts';
import type { Folded } from './folded.ts';
import { createLru } from './lru.ts';
import { runBatch } from './run-batch.ts';
import { createStreamQueues, type QueueLimits, type StreamQueues } from './stream-queue.ts';
import type { CommandContext, ExecuteRejection, Happened, Waiting } from './waiting.ts';

/** An accepted command: what happened, and what the caller wanted to see of the state. */
export type Executed<View> = Happened & { readonly view: View };

/** The only way to change anything: every command of the process goes through one executor. */
export type Executor = { readonly execute: Execute };

/**
 * Decides a command on its aggregate's stream and stores what follows, or answers with the refusal. A command id that the
 * stream has accepted before is answered with its first events. `view` is called on the state right after the command
 * (`unchanged`, `repeated`: on the current one) and must copy what it wants: the state goes on changing.
 *
 * Throws Overloaded or StoreUnavailable (nothing was done), OutcomeUnknown (ask again with the same command id), ChainBroken
 * or UndecodableEvent (the stream is damaged; nothing was done).
 */
export type Execute = <Command extends { readonly at: Instant }, Event extends Fact, State, Code extends string, View>(
  aggregate: Aggregate<Command, Event, State, Code>,
  id: string,
  command: Command,
  context: CommandContext,
  view: (state: State) => View,
) => Promise<Executed<View> | Rejection<Code | ExecuteRejection>>;

/** What an executor needs; sizes and times have defaults. */
export type ExecutorNeeds = {
  readonly store: EventStore;
  /** Spreads out retries, 0 ≤ random < 1. */
  readonly random?: () => number;
  /** Folded streams kept, per kind of aggregate, and the number of events folded into all of them. */
  readonly cacheMax?: number;
  readonly cacheEventsMax?: number;
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
  random = Math.random,
  cacheMax = 5_000,
  cacheEventsMax = 500_000,
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
    const cache = createLru<Folded<State>>({ entriesMax: cacheMax, weightMax: cacheEventsMax }, ({ nextRevision }) =>
      Number(nextRevision),
    );
    return createStreamQueues<Waiting<Event, State>>(limits, batchMax, (stream, batch) =>
      runBatch({ store, cache, patience }, folding, stream, batch),
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
    execute: (aggregate, id, command, context, view) =>
      new Promise((resolve, reject) => {
        queuesOf(aggregate).add(aggregate.stream(id), {
          at: command.at,
          context,
          decide: (state) => {
            const decision = aggregate.decider.decide(command, state);
            return isRejection(decision) ? () => resolve(decision) : decision;
          },
          look: (state) => {
            const seen = view(state);
            return (happened) => resolve({ ...happened, view: seen });
          },
          refuse: resolve,
          fail: reject,
        });
      }),
  };
};
