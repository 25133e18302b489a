import type { Decider, Decision } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { ChainRepaired } from './chain/repair-event.ts';
import type { Decoded } from './envelope.ts';
import type { Json, JsonObject, Position, Recorded } from './event-store.ts';
import type { Moment } from './executor/waiting.ts';
import type { Since } from './snapshots/since.ts';
import type { Upcasters } from './upcast.ts';

/** The organizations that see a stream's events. Every envelope names them. */
export type Owners = { readonly issuerOrgId: string; readonly holderOrgId: string | null };

/**
 * An event that a decision returns, before it is stored. `byLedger`: it follows from the clock and not from the command,
 * so its envelope names the ledger instead of the command's sender, and no reason.
 */
export type DomainEvent = {
  readonly type: string;
  readonly data: JsonObject;
  readonly effectiveAt?: Instant;
  readonly byLedger?: true;
};

/** How to decode and fold the events of one kind of stream. It does not depend on the commands. */
export type Folding<Event extends DomainEvent, State> = {
  readonly decider: Pick<Decider<never, Event, State, string>, 'initial' | 'evolve' | 'fork'>;
  /**
   * Returns the decoded event. Throws UndecodableEvent. A repair of the chain is not an event of the aggregate, so it
   * does not change the state.
   */
  readonly decode: (recorded: Recorded) => Decoded<Event | ChainRepaired>;
  /** Converts older versions of the events to the current one. Absent when no event has changed. */
  readonly upcasters?: Upcasters;
  /** Returns the owners of an event, from the state right after it. Throws for a stream without events. */
  readonly owners: (state: State) => Owners;
  /**
   * Returns the owners of an event that announces the end of a part, from the state before it: the part may have ended
   * under an earlier owner. Returns null for every other event.
   */
  readonly earlierOwners?: (state: State, event: Event) => Owners | null;
  readonly snapshots: SnapshotRules<State>;
};

/** How to cache folded streams in a process, and how to store them as snapshots. */
export type SnapshotRules<State> = {
  /** Names the kind of stream and the version of its fold. A snapshot of another version is ignored. */
  readonly fold: string;
  /** Returns the part of the state that reads of the past need; null when they need none. */
  readonly facts: (state: State) => Json | null;
  /**
   * Estimates the bytes that a state takes in memory, from the sizes of its collections or the events folded into it.
   */
  readonly weigh: (state: State, events: number) => number;
};

/** A decider, with the stream of its events and how to read them. */
export type Aggregate<
  Command extends { readonly at: Instant },
  Event extends DomainEvent,
  State,
  Code extends string,
> = Folding<Event, State> & {
  readonly decider: Decider<Command, Event, State, Code>;
  /** Returns the name of the stream of the aggregate with this typed id. */
  readonly stream: (id: string) => string;
};

/**
 * Returns a function for `execute` that decides this command. It uses the instant that the executor passes, which may
 * be later than the command's own.
 */
export const toDecide =
  <Command extends { readonly at: Instant }, Event extends DomainEvent, State, Code extends string>(
    { decider }: Pick<Aggregate<Command, Event, State, Code>, 'decider'>,
    command: Command,
  ) =>
  (state: State, { at, eventIds }: Moment): Decision<Event, Code> =>
    decider.decide({ ...command, at }, state, eventIds);

/** The first and last revision of an accepted command's events, and when they were recorded. */
export type Accepted = {
  readonly requestHash: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly recordedAt: Instant;
};

/** The state of a stream after its event `nextRevision - 1`, with everything that an append needs. */
export type Folded<State> = {
  readonly state: State;
  readonly nextRevision: bigint;
  /** The id and hash of the last event. Without events: an empty text and `genesisHash`. */
  readonly eventId: string;
  readonly hash: string;
  /** When the last event was recorded. Without events: an empty text, which sorts before every instant. */
  readonly recordedAt: Instant;
  /** The position of the last event or a later one; null for a stream without events. */
  readonly position: Position | null;
  /** The accepted commands with ids that can arrive again, oldest first. */
  readonly commands: Map<string, Accepted>;
  /** The events since the last snapshot. */
  readonly since: Since;
};

/** Estimates the bytes that a folded stream takes in memory. Its own running time does not depend on the size. */
export const weigh = <Event extends DomainEvent, State>(
  { snapshots }: Folding<Event, State>,
  { state, nextRevision, commands }: Pick<Folded<State>, 'state' | 'nextRevision' | 'commands'>,
): number => snapshots.weigh(state, Number(nextRevision)) + commands.size * commandBytes;

/** The bytes of one remembered command id, measured. */
const commandBytes = 200;
