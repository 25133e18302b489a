import type { Instant } from '../domain/time.ts';
import { plusSeconds } from '../domain/time.ts';
import type { Fact, Folding } from './aggregate.ts';
import { ChainBroken, genesisHash, hashOf, verifyLink } from './chain.ts';
import type { EventStore, Position, Proposed, Recorded } from './event-store.ts';
import { canComeAgain } from './ids.ts';

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
  /** The hash of the last event, or `genesisHash`. */
  readonly hash: string;
  /** When the last event was recorded; empty, which is before every instant, for a stream without events. */
  readonly recordedAt: Instant;
  /** At least the place of the last event; null for a stream without events. */
  readonly position: Position | null;
  /** The commands that this stream accepted and that can come again, oldest first. */
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
    recordedAt = envelope.recordedAt;
    const { commandId, requestHash } = envelope;
    const first = folded.commands.get(commandId)?.first ?? nextRevision;
    accept(folded.commands, commandId, { requestHash, first, last: nextRevision, recordedAt });
    nextRevision += 1n;
    hash = hashOf(recorded);
    position = recorded.position;
  }
  return { ...folded, state, nextRevision, hash, recordedAt, position };
};

/**
 * Remembers where an accepted command's events stand, if its id can come again: for 25 hours by `recordedAt`, and the last
 * 1,000 for longer. An answer to an Idempotency-Key is kept for 24 hours.
 */
export const accept = (commands: Map<string, Accepted>, commandId: string, where: Accepted): void => {
  if (!canComeAgain(commandId)) return;
  commands.set(commandId, where);
  if (commands.size <= commandsMin) return;
  const since = plusSeconds(where.recordedAt, -rememberedSeconds);
  for (const [oldest, { recordedAt }] of commands) {
    if (commands.size <= commandsMin || recordedAt >= since) break;
    commands.delete(oldest);
  }
};

/**
 * Searches a stream backwards, from the event before `nextRevision` to those recorded before `since`, for the events of a
 * command. Returns null when the stream has not accepted it since then.
 */
export const findAccepted = async (
  store: Pick<EventStore, 'readBackwards'>,
  stream: string,
  nextRevision: bigint,
  commandId: string,
  since: Instant,
): Promise<Accepted | null> => {
  let found: Accepted | null = null;
  for (let from = nextRevision - 1n; from >= 0n; from -= BigInt(searchPage)) {
    const page = await store.readBackwards(stream, from, searchPage);
    for (const { revision, metadata } of page) {
      const recordedAt = String(metadata.recordedAt);
      if (metadata.commandId === commandId) {
        const last: bigint = found === null ? revision : found.last;
        found = { requestHash: String(metadata.requestHash), first: revision, last, recordedAt };
      } else if (found !== null || recordedAt < since) return found;
    }
  }
  return found;
};

/** Events that are now stored, as they will be read. `position`: that of the last of them, for each of them. */
export const asRecorded = (
  events: readonly Proposed[],
  stream: string,
  first: bigint,
  position: Position,
): Recorded[] => events.map((event, index) => ({ ...event, stream, revision: first + BigInt(index), position }));

const commandsMin = 1_000;
const rememberedSeconds = 25 * 3_600;
const searchPage = 500;
