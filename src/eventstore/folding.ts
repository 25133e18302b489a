import type { Decider, Decision } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { ChainRepaired } from './chain/repair-event.ts';
import type { Decoded } from './envelope.ts';
import type { Json, JsonObject, Position, Recorded } from './event-store.ts';
import type { Moment } from './executor/waiting.ts';
import type { Since } from './snapshots/since.ts';
import type { Upcasters } from './upcast.ts';

/** The organizations that see a stream's events; they stand in every envelope. */
export type Owners = { readonly issuerOrgId: string; readonly holderOrgId: string | null };

/** What an event looks like before it is stored. */
export type Fact = { readonly type: string; readonly data: JsonObject; readonly effectiveAt?: Instant };

/** How the events of one kind of stream are folded and read, whatever commands are decided on it. */
export type Folding<Event extends Fact, State> = {
  readonly decider: Pick<Decider<never, Event, State, string>, 'initial' | 'evolve' | 'fork'>;
  /** Throws UndecodableEvent. A repair of the chain is no event of the aggregate: it does not evolve the state. */
  readonly decode: (recorded: Recorded) => Decoded<Event | ChainRepaired>;
  /** How older versions of its events are brought to the present one. Absent: no event has changed. */
  readonly upcasters?: Upcasters;
  /** Returns the owners of an event right after it was applied, so never of an empty stream; throws when it is. */
  readonly owners: (state: State) => Owners;
  /**
   * Returns the owners of an event that announces what an earlier one has ended, before it is applied; null: of no such
   * event.
   */
  readonly earlierOwners?: (state: State, event: Event) => Owners | null;
  readonly snapshots: SnapshotRules<State>;
};

/** How folded streams are kept: in the cache of a process, and as snapshots. */
export type SnapshotRules<State> = {
  /** Names the kind of stream and the version of its fold. A snapshot of another version is ignored. */
  readonly fold: string;
  /** The part of the state that reads of the past ask for; null: none. */
  readonly facts: (state: State) => Json | null;
  /**
   * Estimates the bytes that a state takes in memory, from the sizes of its collections or the events folded into it.
   */
  readonly weigh: (state: State, events: number) => number;
};

/** A decider together with where its events are kept and how they are read. */
export type Aggregate<
  Command extends { readonly at: Instant },
  Event extends Fact,
  State,
  Code extends string,
> = Folding<Event, State> & {
  readonly decider: Decider<Command, Event, State, Code>;
  /** The stream of the aggregate with this typed id. */
  readonly stream: (id: string) => string;
};

/**
 * Returns how to decide this command on its aggregate, for `execute`: at the instant that the executor gives, which may
 * be later than the command's own.
 */
export const toDecide =
  <Command extends { readonly at: Instant }, Event extends Fact, State, Code extends string>(
    { decider }: Pick<Aggregate<Command, Event, State, Code>, 'decider'>,
    command: Command,
  ) =>
  (state: State, { at, eventIds }: Moment): Decision<Event, Code> =>
    decider.decide({ ...command, at }, state, eventIds);

/** Where the events of an accepted command stand in its stream, both inclusive, and when they were recorded. */
export type Accepted = {
  readonly requestHash: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly recordedAt: Instant;
};

/** A stream folded up to its event `nextRevision - 1`, with what is needed to append to it. */
export type Folded<State> = {
  readonly state: State;
  readonly nextRevision: bigint;
  /** The id of the last event, empty when there is none, and its hash, or `genesisHash`. */
  readonly eventId: string;
  readonly hash: string;
  /** When the last event was recorded; empty, which is before every instant, for a stream without events. */
  readonly recordedAt: Instant;
  /** At least the place of the last event; null for a stream without events. */
  readonly position: Position | null;
  /** The commands that this stream accepted and that can come again, oldest first. */
  readonly commands: Map<string, Accepted>;
  /** The events since the last snapshot. */
  readonly since: Since;
};

/** Estimates the bytes that a folded stream takes in memory. Takes the same time for every size. */
export const weigh = <Event extends Fact, State>(
  { snapshots }: Folding<Event, State>,
  { state, nextRevision, commands }: Pick<Folded<State>, 'state' | 'nextRevision' | 'commands'>,
): number => snapshots.weigh(state, Number(nextRevision)) + commands.size * commandBytes;

/** The bytes of one remembered command id, measured. */
const commandBytes = 200;
