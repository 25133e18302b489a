import type { Instant } from './time.ts';

/**
 * The refusal of a command: a value, never an exception. `rejected` is a code of the public API; `GET /problems` explains
 * every code. `place`: the names and indexes that lead to the invalid part of the command.
 */
export type Rejection<Code extends string = string> = {
  readonly rejected: Code;
  readonly detail: string;
  readonly place?: Place;
  /** When the same command can succeed, and in how many seconds. Absent: time alone does not help. */
  readonly retryAt?: Instant;
  readonly retryAfterSeconds?: number;
};

/** The path to a part of a command: names and indexes, from the outside in. */
export type Place = readonly (string | number)[];

/** The result of a command: events in order (none: the command changes nothing), or a rejection. */
export type Decision<Event, Code extends string> = readonly Event[] | Rejection<Code>;

/** When an event is recorded, and when it takes effect. The two are equal unless the event says otherwise. */
export type At = { readonly recordedAt: Instant; readonly effectiveAt: Instant };

/** An event with its instants. */
export type Stamped<Event> = { readonly event: Event; readonly at: At };

/** Returns the typed id (`evt_…`) that the decision's event at this index is stored under. */
export type EventIds = (index: number) => string;

/**
 * The rules of an aggregate: pure, synchronous, total. The clock arrives in the command. An event that contains its
 * own id takes it from `eventIds`, because the id follows from the decision. `evolve` takes ownership of the state
 * and may change it in place, so that folding a long stream copies no growing collection. `fork` creates an
 * independent copy, on which several commands are decided before any of them is stored.
 */
export type Decider<Command, Event, State, Code extends string> = {
  readonly initial: () => State;
  readonly decide: (command: Command, state: State, eventIds: EventIds) => Decision<Event, Code>;
  readonly evolve: (state: State, event: Event, at: At) => State;
  readonly fork: (state: State) => State;
};

/** Returns a rejection. `detail` is a sentence for the caller: what is wrong and, where it helps, what to do. */
export const reject = <Code extends string>(rejected: Code, detail: string, ...place: Place): Rejection<Code> =>
  place.length === 0 ? { rejected, detail } : { rejected, detail, place };

/** Returns true when a decision is a rejection. */
export const isRejection = <Event, Code extends string>(decision: Decision<Event, Code>): decision is Rejection<Code> =>
  'rejected' in decision;

/**
 * Returns the state after `events`, from the initial one. The same events give the same state on any machine on any
 * day.
 */
export const fold = <Command, Event, State, Code extends string>(
  decider: Decider<Command, Event, State, Code>,
  events: Iterable<Stamped<Event>>,
): State => {
  let state = decider.initial();
  for (const { event, at } of events) state = decider.evolve(state, event, at);
  return state;
};

/** Returns the event with its instants when it is recorded at `recordedAt`. */
export const stamp = <Event extends { readonly type: string; readonly effectiveAt?: Instant }>(
  event: Event,
  recordedAt: Instant,
): Stamped<Event> => ({ event, at: { recordedAt, effectiveAt: event.effectiveAt ?? recordedAt } });

/**
 * Decides commands one after the other as if they were one. Returns all of their events, or the first rejection.
 * `state` stays as it is.
 */
export const decideInTurn = <
  Command extends { readonly at: Instant },
  Event extends { readonly type: string; readonly effectiveAt?: Instant },
  State,
  Code extends string,
>(
  { decide, evolve, fork }: Decider<Command, Event, State, Code>,
  commands: readonly Command[],
  state: State,
  eventIds: EventIds,
): Decision<Event, Code> => {
  const events: Event[] = [];
  let current = fork(state);
  for (const command of commands) {
    const before = events.length;
    const decision = decide(command, current, (index) => eventIds(before + index));
    if (isRejection(decision)) return decision;
    for (const event of decision) current = evolve(current, event, stamp(event, command.at).at);
    events.push(...decision);
  }
  return events;
};
