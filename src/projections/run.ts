import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { EventStore, Idle, Position, Recorded } from '../eventstore/event-store.ts';
import { applyBatch } from './apply.ts';
import { openCheckpoint, type Projection, readModels } from './checkpoint.ts';
import { Unprojectable } from './fold-batch.ts';
import { streamPrefixes } from './fold-event.ts';
import { gather } from './gather.ts';
import type { Log } from './log.ts';
import { OtherPast, refuseOtherPast } from './other-past.ts';

type Options = {
  readonly store: EventStore;
  /** As ledger_projector. One connection is used. */
  readonly pool: Pool;
  readonly log: Log;
  /** Stops the projector after the batch in hand. */
  readonly signal: AbortSignal;
  readonly projection?: Projection;
  readonly batchMax?: number;
  /** How long to wait after so many failures in a row without progress. */
  readonly backoffMs?: (failures: number) => number;
};

/** `following`: events come in as they happen. `waiting`: something is wrong, `problem` says what; it is tried again. */
export type ProjectorState =
  | { readonly kind: 'starting' | 'stopped' }
  | { readonly kind: 'following'; readonly caughtUp: boolean }
  | { readonly kind: 'waiting'; readonly problem: string };

export type Projector = {
  readonly state: () => ProjectorState;
  /** The commit position up to which the log is handled by this instance; null before it knows. */
  readonly position: () => bigint | null;
  /** From the recording of the last event to the commit of its rows; 0 after an idle log, null before the first. */
  readonly lagMs: () => number | null;
  /** Ends when the signal was given and the batch in hand is finished. Never fails. */
  readonly done: Promise<void>;
};

/**
 * Keeps the read models at the end of the log, for ever: whatever drops, ends, hangs or restarts, it resumes from the
 * stored checkpoint. An event that cannot be projected is reported and tried again, never skipped. Any number of
 * instances may run: compare-and-set on the checkpoint lets one of them through.
 */
export const runProjector = (options: Options): Projector => {
  const progress: Progress = { state: { kind: 'starting' }, position: null, lagMs: null, failures: 0, isStuck: false };
  return {
    state: () => progress.state,
    position: () => progress.position,
    lagMs: () => progress.lagMs,
    done: supervise(options, progress),
  };
};

type Progress = {
  state: ProjectorState;
  position: bigint | null;
  lagMs: number | null;
  failures: number;
  isStuck: boolean;
};

const supervise = async (options: Options, progress: Progress): Promise<void> => {
  const { signal, log, backoffMs = jittered } = options;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await follow(options, attempt.signal, progress);
    } catch (error) {
      if (!signal.aborted) report(log, error, progress);
    } finally {
      attempt.abort();
      signal.removeEventListener('abort', stop);
    }
    const waitMs = backoffMs(progress.failures++);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  progress.state = { kind: 'stopped' };
};

/** From the stored checkpoint until something goes wrong, which it always throws. */
const follow = async (options: Options, signal: AbortSignal, progress: Progress): Promise<never> => {
  const { store, pool, projection = readModels, batchMax = 500 } = options;
  const checkpoint = await openCheckpoint(pool, projection);
  const head = await refuseOtherPast(store, checkpoint);

  let from = checkpoint.position;
  progress.position = from === 'start' ? null : from.commit;
  // An event that stopped it will most likely do so again: until it is past it, it is not well.
  if (!progress.isStuck) {
    const caughtUp = head === null || (from !== 'start' && from.commit >= head.commit);
    progress.state = { kind: 'following', caughtUp };
  }
  for await (const group of gather(store.follow(from, { streamPrefixes, signal }), batchMax)) {
    if (signal.aborted) break;
    const events = group.filter(isRecorded);
    const to = group.map(placeOf).reduce(further);
    if (from !== 'start' && to.commit <= from.commit && events.length === 0) continue;

    await applyOrNamePoison(options, { from, events, to });
    from = to;
    const last = events.at(-1);
    progress.failures = 0;
    progress.isStuck = false;
    progress.position = to.commit;
    progress.lagMs = last === undefined ? 0 : Date.now() - recordedMs(last);
    progress.state = { kind: 'following', caughtUp: group.length < batchMax };
  }
  throw new Error('The subscription ended.');
};

// What came before a poison event is written, so that one stream's trouble shows in as little as possible.
const applyOrNamePoison = async (options: Options, batch: Parameters<typeof applyBatch>[2]): Promise<void> => {
  const { pool, projection = readModels } = options;
  try {
    if (!(await applyBatch(pool, projection, batch)))
      throw new Fenced('Another projector is active; this one stands by.');
  } catch (error) {
    const before = error instanceof Unprojectable ? batch.events.slice(0, error.index) : [];
    const last = before.at(-1);
    if (last !== undefined) await applyBatch(pool, projection, { ...batch, events: before, to: last.position });
    throw error;
  }
};

/** Another instance moved the checkpoint: nothing is wrong. */
class Fenced extends Error {
  override readonly name = 'Fenced';
}

const isRecorded = (entry: Recorded | Idle): entry is Recorded => !('idle' in entry);
const recordedMs = ({ metadata: { recordedAt } }: Recorded): number => Date.parse(String(recordedAt));
const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
const further = (a: Position, b: Position): Position => (b.commit > a.commit ? b : a);

const report = (log: Log, error: unknown, progress: Progress): void => {
  const problem = error instanceof Error ? error.message : String(error);
  progress.state = { kind: 'waiting', problem };
  progress.isStuck = error instanceof Unprojectable || error instanceof OtherPast;
  if (error instanceof Fenced) log.info({}, problem);
  else if (error instanceof Unprojectable) {
    const { stream, revision } = error;
    log.error(
      { err: error, stream, revision: `${revision}` },
      'An event cannot be projected; the read models wait for it.',
    );
  } else if (error instanceof OtherPast) log.error({ err: error }, problem);
  else log.warn({ err: error }, 'The projector lost its connection and resumes from its checkpoint.');
};

const backoffMinMs = 1_000;
const backoffMaxMs = 60_000;

const jittered = (failures: number): number => {
  const bound = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures);
  return bound / 2 + (Math.random() * bound) / 2;
};
