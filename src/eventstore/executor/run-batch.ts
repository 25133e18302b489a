import { setTimeout as delay } from 'node:timers/promises';
import { type Rejection, reject } from '../../domain/decider.ts';
import { AppendTooLarge, type EventStore, type Position, RevisionConflict } from '../event-store.ts';
import type { Accepted, DomainEvent, Folded, Folding } from '../folding.ts';
import type { SnapshotKeeper } from '../snapshots/snapshot-keeper.ts';
import { type AppendPatience, appendWithRetry } from './append-with-retry.ts';
import { tooLate } from './deadline.ts';
import { type Deciding, decideBatch, type Outcome, type Plan } from './decide-batch.ts';
import { accept, asRecorded, catchUp, findAccepted, open } from './folded.ts';
import type { Lru } from './lru.ts';
import type { CommandResult, Waiting } from './waiting.ts';

/** The store, its snapshots, the cache of folded streams, and how long to repeat appends. */
export type RunNeeds<State> = {
  readonly store: EventStore;
  readonly keeper: SnapshotKeeper;
  readonly cache: Lru<Folded<State>>;
  readonly patience: AppendPatience;
  readonly newNonce: () => string;
};

/**
 * Decides a stream's waiting commands on its folded state, appends their events as one batch, and answers them. Decides
 * again after a conflict. Returns how many entries from the front were answered. Never rejects. A command that cannot be
 * appended by its deadline fails, and nothing of it is done.
 *
 * Another process may have appended events, so a cached state may be stale. A read, a refusal and a command that
 * changes nothing are answered only when the state is proven fresh. A successful append proves it for the whole batch.
 * Without an append, the executor reads the stream.
 */
export const runBatch = async <Event extends DomainEvent, State>(
  { store, keeper, cache, patience, newNonce }: RunNeeds<State>,
  folding: Folding<Event, State>,
  stream: string,
  batch: readonly Waiting<Event, State>[],
): Promise<number> => {
  if (batch.every(({ deadline }) => deadline.isPast)) return batch.length;
  try {
    const cached = cache.get(stream);
    // The entry leaves the cache, so that an error below cannot leave a half folded state there.
    cache.delete(stream);
    let folded = cached ?? (await open({ store, keeper }, folding, stream));
    let isFresh = cached === undefined;
    const deciding: Deciding<Event, State> = {
      newNonce,
      attempted: await findAttempted(store, stream, folded, batch),
      failures: new Map(),
    };

    let conflicts = 0;
    let size = batch.length;
    for (;;) {
      const decide = () => {
        for (const waiting of batch)
          if (waiting.deadline.isPast && !deciding.failures.has(waiting)) deciding.failures.set(waiting, tooLate());
        return decideBatch(folding, { ...folded, stream }, batch.slice(0, size), deciding);
      };
      let plan = decide();
      if (!isFresh && plan.events.length === 0 && plan.outcomes.some(needsFreshState)) {
        folded = await catchUp({ store, keeper }, folding, stream, folded);
        plan = decide();
      }
      const entries = batch.filter((_, place) => plan.outcomes[place]?.kind === 'in_batch');
      const position = await appendByDeadline({ store, patience }, stream, folded, { ...plan, entries });
      if (position instanceof AppendTooLarge) {
        // One command is too large for this server. Halving the batch isolates it, and it fails alone.
        if (size > 1) size = Math.ceil(size / 2);
        else for (const waiting of batch.slice(0, 1)) deciding.failures.set(waiting, position);
        continue;
      }
      if (position !== 'conflict') {
        const after = { ...plan.after, position };
        for (const [commandId, accepted] of plan.accepted) accept(after.commands, commandId, accepted);
        answerAll(store, stream, plan, { first: folded.nextRevision, position });
        cache.set(stream, { ...after, since: keeper.pass(folding, stream, after, true) });
        return plan.outcomes.length;
      }
      conflicts += 1;
      if (conflicts < attemptsMax) await delay(jitterMinMs + patience.random() * (jitterMaxMs - jitterMinMs));
      folded = await catchUp({ store, keeper }, folding, stream, folded);
      isFresh = true;
      if (conflicts === attemptsMax) {
        const entries = plan.outcomes.map((outcome, place) => ({ outcome, waiting: batch[place] }));
        giveUp(store, stream, folded, entries);
        cache.set(stream, folded);
        return plan.outcomes.length;
      }
    }
  } catch (error) {
    for (const waiting of batch) waiting.fail(error);
    return batch.length;
  }
};

/** Searches the stream for commands of the batch that an earlier attempt stored and that are no longer remembered. */
const findAttempted = async <Event, State>(
  store: EventStore,
  stream: string,
  { commands, nextRevision }: Folded<State>,
  batch: readonly Waiting<Event, State>[],
): Promise<ReadonlyMap<string, Accepted>> => {
  const attempted = new Map<string, Accepted>();
  for (const waiting of batch) {
    if (waiting.kind === 'read' || waiting.context.attemptedSince === undefined) continue;
    const { commandId, attemptedSince } = waiting.context;
    if (commands.has(commandId)) continue;
    const accepted = await findAccepted(store, stream, { nextRevision, commandId, since: attemptedSince });
    if (accepted !== null) attempted.set(commandId, accepted);
  }
  return attempted;
};

/** Appends the events of these entries. A caller that waits beyond its deadline is told that the outcome is unknown. */
const appendByDeadline = async <Event, State>(
  needs: Pick<RunNeeds<State>, 'store' | 'patience'>,
  stream: string,
  folded: Folded<State>,
  { entries, ...plan }: Plan<State> & { readonly entries: readonly Waiting<Event, State>[] },
): ReturnType<typeof append> => {
  for (const { deadline } of entries) deadline.isAppending = true;
  const position = await append(needs, stream, folded, plan);
  for (const { deadline } of entries) deadline.isAppending = false;
  return position;
};

const append = async <State>(
  { store, patience }: { readonly store: EventStore; readonly patience: AppendPatience },
  stream: string,
  folded: Folded<State>,
  { events }: Plan<State>,
): Promise<Position | null | 'conflict' | AppendTooLarge> => {
  if (events.length === 0) return folded.position;
  const expected = folded.nextRevision === 0n ? 'no_stream' : folded.nextRevision - 1n;
  try {
    return (await appendWithRetry(store, { stream, events, expected }, patience)).position;
  } catch (error) {
    if (error instanceof RevisionConflict) return 'conflict';
    if (error instanceof AppendTooLarge) return error;
    throw error;
  }
};

const needsFreshState = ({ kind }: Outcome): boolean => kind === 'unchanged' || kind === 'rejected' || kind === 'read';

const answerAll = <State>(
  store: EventStore,
  stream: string,
  { events, outcomes }: Plan<State>,
  { first, position }: { readonly first: bigint; readonly position: Position | null },
): void => {
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case 'rejected':
      case 'read':
      case 'failed':
        outcome.answer();
        break;
      case 'stored':
        answerStored(store, stream, outcome);
        break;
      case 'unchanged':
        outcome.answer({ outcome: 'unchanged', events: [], revision: outcome.revision, position: known(position) });
        break;
      case 'in_batch': {
        const { accepted, repeated } = outcome;
        const own = events.slice(Number(accepted.first - first), Number(accepted.last - first) + 1);
        outcome.answer({
          outcome: repeated ? 'repeated' : 'appended',
          events: asRecorded(own, stream, accepted.first, known(position)),
          revision: accepted.last,
          position: known(position),
        });
        break;
      }
    }
  }
};

/**
 * Refuses the undecided commands of a batch and answers its other entries. `folded` was read after the last conflict.
 */
const giveUp = <Event, State>(
  store: EventStore,
  stream: string,
  folded: Folded<State>,
  entries: readonly { readonly outcome: Outcome; readonly waiting: Waiting<Event, State> | undefined }[],
): void => {
  for (const { outcome, waiting } of entries) {
    if (waiting?.kind === 'read') waiting.view(folded.state, folded.nextRevision - 1n)();
    else if (outcome.kind === 'stored') answerStored(store, stream, outcome);
    else if (outcome.kind === 'failed') outcome.answer();
    else waiting?.refuse(concurrentModification);
  }
};

/**
 * Reads stored events and answers with them. The next batch does not wait for it, because stored events never change.
 */
const answerStored = (store: EventStore, stream: string, stored: Extract<Outcome, { kind: 'stored' }>): void => {
  readAccepted(store, stream, stored.accepted).then(stored.answer, stored.fail);
};

const readAccepted = async (store: EventStore, stream: string, { first, last }: Accepted): Promise<CommandResult> => {
  const { events } = await store.read(stream, first, Number(last - first) + 1);
  const lastEvent = events.at(-1);
  if (lastEvent?.revision !== last)
    throw new Error(`The event store has lost the events ${first} to ${last} of ${stream}. Restore it from a backup.`);
  return { outcome: 'repeated', events, revision: last, position: lastEvent.position };
};

const known = (position: Position | null): Position => {
  if (position === null) throw new Error('A stream without events has no position.');
  return position;
};

const concurrentModification: Rejection<'CONCURRENT_MODIFICATION'> = reject(
  'CONCURRENT_MODIFICATION',
  'Others kept changing this at the same time. Nothing was done; try again.',
);

const attemptsMax = 5;
const jitterMinMs = 5;
const jitterMaxMs = 80;
