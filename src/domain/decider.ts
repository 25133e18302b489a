import type { Instant } from './time.ts';

/**
 * A command refused for a named reason: a value, never an exception. `code` is part of the public API (docs/api/problems.md).
 * `place`: what of the command was wrong, by the names and indexes that lead to it.
 */
export type Rejection<Code extends string = string> = {
  readonly rejected: Code;
  readonly detail: string;
  readonly place?: Place;
};

/** Names and indexes, from the outside in. */
export type Place = readonly (string | number)[];

/** What a decider proposes: events in order (none: the command changes nothing), or a rejection. */
export type Decision<Event, Code extends string> = readonly Event[] | Rejection<Code>;

/** When an event was written down, and from when on it holds: the two are equal unless the event says otherwise. */
export type At = { readonly recordedAt: Instant; readonly effectiveAt: Instant };

/** An event with its instants, as `fold` takes it. */
export type Stamped<Event> = { readonly event: Event; readonly at: At };

/** Returns the typed id (`evt_…`) that the decision's event at this index is stored under. */
export type EventIds = (index: number) => string;

/**
 * The whole of an aggregate: pure, synchronous, total. The clock arrives in the command; an event that names its own id
 * takes it from `eventIds`, because the id follows from the decision.
 * `evolve` takes ownership of the state it is given and may change it in place, so that folding a long stream copies no
 * growing collection; `fork` makes an independent copy to decide several commands on before any of them is stored.
 */
export type Decider<Command, Event, State, Code extends string> = {
  readonly initial: () => State;
  readonly decide: (command: Command, state: State, eventIds: EventIds) => Decision<Event, Code>;
  readonly evolve: (state: State, event: Event, at: At) => State;
  readonly fork: (state: State) => State;
};

/** Refuses a command. `detail` is a sentence for the caller: what was wrong and, where it helps, what to do. */
export const reject = <Code extends string>(rejected: Code, detail: string, ...place: Place): Rejection<Code> =>
  place.length === 0 ? { rejected, detail } : { rejected, detail, place };

/** True when a decision is a rejection. */
export const isRejection = <Event, Code extends string>(decision: Decision<Event, Code>): decision is Rejection<Code> =>
  'rejected' in decision;

/** The state after `events`, from nothing. Same events, same state, on any machine on any day. */
export const fold = <Command, Event, State, Code extends string>(
  decider: Decider<Command, Event, State, Code>,
  events: Iterable<Stamped<Event>>,
): State => {
  let state = decider.initial();
  for (const { event, at } of events) state = decider.evolve(state, event, at);
  return state;
};

/** An event as it stands once it is recorded at `recordedAt`. */
export const stamp = <Event extends { readonly type: string; readonly effectiveAt?: Instant }>(
  event: Event,
  recordedAt: Instant,
): Stamped<Event> => ({ event, at: { recordedAt, effectiveAt: event.effectiveAt ?? recordedAt } });

/**
 * Decides commands one after the other as if they were one: all of their events, or the first refusal and no event. `state`
 * stays as it is.
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
