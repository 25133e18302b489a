import { setTimeout as delay } from 'node:timers/promises';
import { type Rejection, reject } from '../domain/decider.ts';
import type { Fact, Folding } from './aggregate.ts';
import { type AppendPatience, appendSurely } from './append-surely.ts';
import { decideBatch, type Outcome, type Plan } from './decide-batch.ts';
import { type EventStore, type Position, RevisionConflict } from './event-store.ts';
import { type Accepted, accept, asRecorded, catchUp, type Folded, unread } from './folded.ts';
import type { Lru } from './lru.ts';
import type { Happened, Waiting } from './waiting.ts';

/** What running commands needs: the store, folded streams kept from earlier, and how patient to be. */
export type RunNeeds<State> = {
  readonly store: EventStore;
  readonly cache: Lru<Folded<State>>;
  readonly patience: AppendPatience;
};

/**
 * Decides a stream's waiting commands against its folded state, appends their events as one batch, and answers them;
 * decides again after a conflict. Returns how many of the commands, from the front, were answered. Never rejects.
 *
 * A refusal, and a command that changes nothing, is answered only on proof that the state was not stale: another process
 * may have appended since. An append at the expected revision is such a proof for its whole batch; else the stream is read.
 */
export const runBatch = async <Event extends Fact, State>(
  { store, cache, patience }: RunNeeds<State>,
  folding: Folding<Event, State>,
  stream: string,
  batch: readonly Waiting<Event, State>[],
): Promise<number> => {
  try {
    const cached = cache.get(stream);
    // Taken out, so that whatever fails here leaves nothing half folded behind.
    cache.delete(stream);
    let folded = cached ?? (await catchUp(store, folding, stream, unread(folding.decider.initial)));
    let isFresh = cached === undefined;

    for (let attempt = 1; ; attempt++) {
      let plan = decideBatch(folding, stream, folded, batch);
      if (!isFresh && plan.events.length === 0 && plan.outcomes.some(needsFreshState)) {
        folded = await catchUp(store, folding, stream, folded);
        plan = decideBatch(folding, stream, folded, batch);
      }
      const position = await append(store, stream, folded, plan, patience);
      if (position !== 'conflict') {
        const after = { ...plan.after, position };
        for (const [commandId, where] of plan.accepted) accept(after.commands, commandId, where);
        cache.set(stream, after);
        answerAll(store, stream, plan, folded.nextRevision, after);
        return plan.outcomes.length;
      }
      if (attempt === attemptsMax) {
        cache.set(stream, folded);
        giveUp(store, stream, plan, batch);
        return plan.outcomes.length;
      }
      await delay(jitterMinMs + patience.random() * (jitterMaxMs - jitterMinMs));
      folded = await catchUp(store, folding, stream, folded);
      isFresh = true;
    }
  } catch (error) {
    for (const waiting of batch) waiting.fail(error);
    return batch.length;
  }
};

const append = async <State>(
  store: EventStore,
  stream: string,
  folded: Folded<State>,
  { events }: Plan<State>,
  patience: AppendPatience,
): Promise<Position | null | 'conflict'> => {
  if (events.length === 0) return folded.position;
  const expected = folded.nextRevision === 0n ? 'no_stream' : folded.nextRevision - 1n;
  try {
    return (await appendSurely(store, stream, events, expected, patience)).position;
  } catch (error) {
    if (error instanceof RevisionConflict) return 'conflict';
    throw error;
  }
};

const needsFreshState = ({ kind }: Outcome): boolean => kind === 'unchanged' || kind === 'rejected';

const answerAll = <State>(
  store: EventStore,
  stream: string,
  { events, outcomes }: Plan<State>,
  first: bigint,
  { position }: Folded<State>,
): void => {
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case 'rejected':
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

/** What does not depend on the batch is answered all the same. */
const giveUp = <Event, State>(
  store: EventStore,
  stream: string,
  { outcomes }: Plan<State>,
  batch: readonly Waiting<Event, State>[],
): void => {
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind === 'stored') answerStored(store, stream, outcome);
    else if (outcome.kind === 'failed') outcome.answer();
    else batch[index]?.refuse(concurrentModification);
  }
};

/** The stream does not wait for it: these events do not change any more. */
const answerStored = (store: EventStore, stream: string, stored: Extract<Outcome, { kind: 'stored' }>): void => {
  readAccepted(store, stream, stored.accepted).then(stored.answer, stored.fail);
};

const readAccepted = async (store: EventStore, stream: string, { first, last }: Accepted): Promise<Happened> => {
  const { events } = await store.read(stream, first, Number(last - first) + 1);
  const lastEvent = events.at(-1);
  if (lastEvent?.revision !== last) throw new Error(`${stream} has lost its events ${first} to ${last}.`);
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
