import type { Instant } from '../domain/time.ts';
import type { Fact, Folding } from './aggregate.ts';
import { ChainBroken, genesisHash, hashOf, verifyLink } from './chain.ts';
import type { EventStore, Position, Proposed, Recorded } from './event-store.ts';

/** Where the events of an accepted command stand in its stream, both inclusive. */
export type Accepted = { readonly requestHash: string; readonly first: bigint; readonly last: bigint };

/** A stream folded up to its event `nextRevision - 1`, with what is needed to append to it. */
export type Folded<State> = {
  readonly state: State;
  readonly nextRevision: bigint;
  /** The hash of the last event, or `genesisHash`. */
  readonly hash: string;
  /** When the last event was recorded; empty, which is before every instant, for a stream without events. */
  readonly recordedAt: Instant;
  /** At least the place of the last event; null for a stream without events. */
  readonly position: Position | null;
  /** The last commands that this stream accepted, oldest first. */
  readonly commands: Map<string, Accepted>;
};

/** A stream of which nothing is known yet. */
export const unread = <State>(initial: () => State): Folded<State> => ({
  state: initial(),
  nextRevision: 0n,
  hash: genesisHash,
  recordedAt: '',
  position: null,
  commands: new Map(),
});

/**
 * Reads what the stream has beyond `folded`, checks every link of the chain and folds it. Takes ownership of `folded`.
 * Throws ChainBroken, UndecodableEvent or StoreUnavailable; `folded` is of no use then.
 */
export const catchUp = async <Event extends Fact, State>(
  store: Pick<EventStore, 'read'>,
  folding: Folding<Event, State>,
  stream: string,
  folded: Folded<State>,
): Promise<Folded<State>> => {
  const { events } = await store.read(stream, folded.nextRevision);
  let { state, nextRevision, hash, recordedAt, position } = folded;
  for (const recorded of events) {
    const fault = recorded.revision === nextRevision ? verifyLink(recorded, hash) : 'REVISION_MISSING';
    if (fault !== null) throw new ChainBroken(stream, nextRevision, fault);

    const { event, at, envelope } = folding.decode(recorded);
    state = folding.decider.evolve(state, event, at);
    const { commandId, requestHash } = envelope;
    const first = folded.commands.get(commandId)?.first ?? nextRevision;
    accept(folded.commands, commandId, { requestHash, first, last: nextRevision });
    nextRevision += 1n;
    hash = hashOf(recorded);
    recordedAt = envelope.recordedAt;
    position = recorded.position;
  }
  return { ...folded, state, nextRevision, hash, recordedAt, position };
};

/** Remembers where an accepted command's events stand; the oldest beyond the last 1,000 commands are forgotten. */
export const accept = (commands: Map<string, Accepted>, commandId: string, where: Accepted): void => {
  commands.set(commandId, where);
  for (const oldest of commands.keys()) {
    if (commands.size <= commandsMax) break;
    commands.delete(oldest);
  }
};

/** Events that are now stored, as they will be read. `position`: that of the last of them, for each of them. */
export const asRecorded = (
  events: readonly Proposed[],
  stream: string,
  first: bigint,
  position: Position,
): Recorded[] => events.map((event, index) => ({ ...event, stream, revision: first + BigInt(index), position }));

const commandsMax = 1_000;
