import { type Instant, plusSeconds } from '../../domain/time.ts';
import { breakAt, ChainBroken, genesisHash, hashOf, verifyLink } from '../chain/chain.ts';
import { isRepair } from '../chain/repair-event.ts';
import { repairsOf } from '../chain/repairs.ts';
import type { EventStore, Position, Proposed, Recorded } from '../event-store.ts';
import type { Accepted, DomainEvent, Folded, Folding } from '../folding.ts';
import { readPages } from '../read-pages.ts';
import { isBoundary, nothingSince, widen } from '../snapshots/since.ts';
import type { SnapshotKeeper } from '../snapshots/snapshot-keeper.ts';
import { canComeAgain } from '../uuids.ts';

/** The sources of streams: the log, and snapshots, so that a long stream is not read from its start. */
export type Streams = { readonly store: Pick<EventStore, 'read'>; readonly keeper: SnapshotKeeper };

/** Returns a stream before its first read. */
export const unread = <State>(initial: () => State): Folded<State> => ({
  state: initial(),
  nextRevision: 0n,
  eventId: '',
  hash: genesisHash,
  recordedAt: '',
  position: null,
  commands: new Map(),
  since: nothingSince({ revision: -1n, hash: genesisHash }, -1n),
});

/**
 * Reads and folds a stream: a short one from its start, a long one from its newest snapshot. Throws as `catchUp` does.
 */
export const open = async <Event extends DomainEvent, State>(
  streams: Streams,
  folding: Folding<Event, State>,
  stream: string,
): Promise<Folded<State>> => {
  const { events } = await streams.store.read(stream, 0n, probeMax);
  const [first] = events;
  const restored =
    first === undefined || events.length < probeMax
      ? null
      : await streams.keeper.restore(streams.store, folding, first);
  if (restored !== null) return catchUp(streams, folding, stream, restored);
  const folded = await foldPage(streams, folding, unread(folding.decider.initial), { stream, events });
  return events.length < probeMax ? folded : catchUp(streams, folding, stream, folded);
};

/**
 * Reads the events after `folded`, checks every link of the chain and folds them. Takes ownership of `folded`. Accepts
 * a break that a later event repairs. Throws ChainBroken, UndecodableEvent or StoreUnavailable; `folded` is unusable
 * then.
 */
export const catchUp = async <Event extends DomainEvent, State>(
  streams: Streams,
  folding: Folding<Event, State>,
  stream: string,
  folded: Folded<State>,
): Promise<Folded<State>> => {
  let current = folded;
  for await (const events of readPages(streams.store, stream, folded.nextRevision, pageMax))
    current = await foldPage(streams, folding, current, { stream, events });
  return current === folded ? folded : { ...current, since: streams.keeper.pass(folding, stream, current, true) };
};

const foldPage = async <Event extends DomainEvent, State>(
  { store, keeper }: Streams,
  folding: Folding<Event, State>,
  folded: Folded<State>,
  { stream, events }: { readonly stream: string; readonly events: readonly Recorded[] },
): Promise<Folded<State>> => {
  const isRepaired = repairsOf(store, stream);
  let { state, nextRevision, eventId, hash, recordedAt, position, since } = folded;
  for (const recorded of events) {
    const fault = recorded.revision === nextRevision ? verifyLink(recorded, hash) : 'REVISION_MISSING';
    if (fault !== null && !(fault === 'PREVIOUS_HASH_DIFFERS' && (await isRepaired(breakAt(recorded, hash)))))
      throw new ChainBroken(stream, nextRevision, fault);

    const { event, at, envelope } = folding.decode(recorded);
    if (!isRepair(event)) state = folding.decider.evolve(state, event, at);
    recordedAt = envelope.recordedAt;
    const { commandId, requestHash } = envelope;
    const first = folded.commands.get(commandId)?.first ?? nextRevision;
    accept(folded.commands, commandId, { requestHash, first, last: nextRevision, recordedAt });
    nextRevision += 1n;
    eventId = recorded.id;
    hash = hashOf(recorded);
    position = recorded.position;
    since = widen(since, at);
    if (isBoundary(since, nextRevision))
      since = keeper.pass(folding, stream, { ...folded, state, nextRevision, eventId, hash, recordedAt, since }, false);
  }
  return { ...folded, state, nextRevision, eventId, hash, recordedAt, position, since };
};

/**
 * Remembers the place of an accepted command's events if its id can arrive again: for 25 hours by `recordedAt`, and the
 * last 1,000 for longer. That is longer than the 24 hours for which an answer to an Idempotency-Key is stored.
 */
export const accept = (commands: Map<string, Accepted>, commandId: string, accepted: Accepted): void => {
  if (!canComeAgain(commandId)) return;
  commands.set(commandId, accepted);
  if (commands.size <= commandsMin) return;
  const since = plusSeconds(accepted.recordedAt, -rememberedSeconds);
  for (const [oldest, { recordedAt }] of commands) {
    if (commands.size <= commandsMin || recordedAt >= since) break;
    commands.delete(oldest);
  }
};

/**
 * Searches the events before `nextRevision` backwards for the events of a command, until one was recorded before
 * `since`. Returns null when the stream has not accepted the command since then.
 */
export const findAccepted = async (
  store: Pick<EventStore, 'readBackwards'>,
  stream: string,
  {
    nextRevision,
    commandId,
    since,
  }: { readonly nextRevision: bigint; readonly commandId: string; readonly since: Instant },
): Promise<Accepted | null> => {
  let accepted: Accepted | null = null;
  for (let from = nextRevision - 1n; from >= 0n; from -= BigInt(searchPage)) {
    const page = await store.readBackwards(stream, from, searchPage);
    for (const { revision, metadata } of page) {
      const recordedAt = String(metadata.recordedAt);
      if (recordedAt < since) return accepted;
      if (metadata.commandId === commandId) {
        const last: bigint = accepted === null ? revision : accepted.last;
        accepted = { requestHash: String(metadata.requestHash), first: revision, last, recordedAt };
      } else if (accepted !== null) return accepted;
    }
  }
  return accepted;
};

/** Returns stored events in the form in which a read returns them. All get the position of the last one. */
export const asRecorded = (
  events: readonly Proposed[],
  stream: string,
  first: bigint,
  position: Position,
): Recorded[] => events.map((event, index) => ({ ...event, stream, revision: first + BigInt(index), position }));

/** A stream with fewer events than this has no snapshot. */
const probeMax = 100;
const pageMax = 1_000;
const commandsMin = 1_000;
const rememberedSeconds = 25 * 3_600;
const searchPage = 500;
