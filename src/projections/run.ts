import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { EventStore, Idle, Position, Recorded } from '../eventstore/event-store.ts';
import type { Log } from '../postgres/log.ts';
import type { Batch } from './apply.ts';
import { applyOrPark } from './apply-or-park.ts';
import { startBringingIn } from './bring-in.ts';
import { type Projection, readCheckpoint } from './checkpoint.ts';
import { isNewer } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { streamPrefixes } from './fold/fold-event.ts';
import { gather } from './gather.ts';
import { beginProjecting, markLevel, markOtherLog, OtherRelease, projectionFor } from './level.ts';
import { OtherPast, refuseOtherPast } from './other-past.ts';
import { parkedByOthers } from './parked.ts';
import { ownRelease, type Release } from './release.ts';
import { replayParked } from './replay-parked.ts';

type Options = {
  readonly store: EventStore;
  /**
   * As ledger_projector. One connection is used, another one while a stream that changes many rows is brought in, and
   * another one while parked streams are tried again.
   */
  readonly pool: Pool;
  readonly log: Log;
  /** Stops the projector after the batch in hand. */
  readonly signal: AbortSignal;
  /** Which release it is; it stands by where another one serves. */
  readonly release?: Release;
  readonly batchMax?: number;
  /** How long to wait after so many failures in a row without progress. */
  readonly backoffMs?: (failures: number) => number;
  /** Between the three tries of an event that cannot be projected. */
  readonly retryMs?: number;
  /** An event that changes more rows at once is brought in beside the others. */
  readonly rowsMax?: number;
};

/**
 * `following`: events come in as they happen. `standby`: another instance brings them in; with `problem` it is for
 * another release to do. `waiting`: something is wrong, `problem` says what; it is tried again.
 */
export type ProjectorState =
  | { readonly kind: 'starting' | 'stopped' }
  | { readonly kind: 'standby'; readonly problem?: string }
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
 * stored checkpoint. An event that cannot be projected is tried three times; then its stream is parked and the rest goes
 * on. Any number of instances may run: compare-and-set on the checkpoint lets one of them through.
 */
export const runProjector = (options: Options): Projector => {
  const progress: Progress = { state: { kind: 'starting' }, position: null, lagMs: null, failures: 0 };
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
};

const supervise = async (options: Options, progress: Progress): Promise<void> => {
  const { signal, pool, backoffMs = jittered } = options;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop, { once: true });
    // Postgres may come back from a crash with an older checkpoint than the one that was committed last: it is read again at
    // once, because a lost connection is no reason to let readers wait.
    let isLost = false;
    const lose = () => {
      isLost = true;
      attempt.abort();
    };
    pool.on('error', lose);
    const end = await follow(options, attempt.signal, progress).catch((error: unknown) => error);
    attempt.abort();
    pool.off('error', lose);
    signal.removeEventListener('abort', stop);
    if (signal.aborted) break;
    if (isLost) continue;
    report(options, end, progress);
    if (end instanceof Moved) continue;
    const waitMs = backoffMs(progress.failures++);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  progress.state = { kind: 'stopped' };
};

/** From the stored checkpoint until something goes wrong, which it always throws. */
const follow = async (options: Options, signal: AbortSignal, progress: Progress): Promise<never> => {
  const { store, pool, log, release = ownRelease(), batchMax = 500, retryMs = 100, rowsMax = 5_000 } = options;
  const projection = await projectionFor(pool, release);
  const checkpoint = await readCheckpoint(pool, projection);
  const head = await refuseOtherPast(store, checkpoint).catch(async (error: unknown) => {
    if (error instanceof OtherPast) await markOtherLog(pool, projection);
    throw error;
  });
  const { goal, ...standing } = await beginProjecting(pool, projection, release, head);
  let { isLevel } = standing;

  let from = checkpoint.position;
  progress.position = from === 'start' ? null : from.commit;
  const caughtUp = head === null || (from !== 'start' && from.commit >= head.commit);
  // Until it is past the event of a newer release it has not begun to follow again.
  if (!isHeldUp(progress.state)) progress.state = { kind: 'following', caughtUp };
  const reachGoal = async () => {
    if (isLevel || from === 'start' || from.commit < goal) return;
    await markLevel(pool, projection);
    isLevel = true;
    log.info({ version: projection.version }, 'The read models are level with the log: they serve now.');
  };
  // The one that came this far may have died before it said so.
  await reachGoal();
  const replaying = replayOthers(options, projection, release, signal);
  const bringingIn = startBringingIn({ store, pool, projection, log });
  const aside = { rowsMax, onSetAside: bringingIn.wake };
  try {
    for await (const group of gather(store.follow(from, { streamPrefixes, signal }), batchMax)) {
      if (signal.aborted) break;
      const events = group.filter(isRecorded);
      const to = group.map(placeOf).reduce(further);
      if (from !== 'start' && to.commit <= from.commit && events.length === 0) {
        // Nothing to write, so nothing else compares the checkpoint with the stored one.
        const moved = await movedFrom(from, pool, projection, release);
        if (moved !== null) throw moved;
        continue;
      }
      const batch = { from, events, to };
      if (!(await applyOlder({ pool, projection, log, retryMs, aside }, batch)))
        throw (await movedFrom(from, pool, projection, release)) ?? new Error('The checkpoint could not be moved.');
      from = to;
      await reachGoal();
      const last = events.at(-1);
      progress.failures = 0;
      progress.position = to.commit;
      progress.lagMs = last === undefined ? 0 : Date.now() - recordedMs(last);
      progress.state = { kind: 'following', caughtUp: group.length < batchMax };
    }
    throw new Error('The subscription ended.');
  } finally {
    await Promise.all([replaying, bringingIn.stop()]);
  }
};

/** As applyOrPark. Where an event is of a newer release, brings in those before it and throws it. */
const applyOlder = async (needs: Parameters<typeof applyOrPark>[0], batch: Batch): Promise<boolean> => {
  try {
    return await applyOrPark(needs, batch);
  } catch (error) {
    if (!(error instanceof Unprojectable && isNewer(error))) throw error;
    const { commit } = error.recorded.position;
    const from = (await readCheckpoint(needs.pool, needs.projection)).position;
    const events = batch.events.filter(
      ({ position }) => position.commit < commit && (from === 'start' || position.commit > from.commit),
    );
    const last = events.at(-1);
    if (last !== undefined) await applyOrPark(needs, { from, events, to: last.position });
    throw error;
  }
};

/** Why a projector that was at `from` cannot go on from there; null when it can. */
const movedFrom = async (
  from: Position | 'start',
  pool: Pool,
  { version }: Projection,
  release: Release,
): Promise<Error | null> => {
  const serving = await projectionFor(pool, release);
  if (serving.version !== version)
    return new Moved(`Version ${serving.version} of the read models serves now; the projector goes on with it.`);
  const { position } = await readCheckpoint(pool, serving);
  const [stored, own] = [position, from].map((each) => (each === 'start' ? -1n : each.commit));
  if (stored === undefined || own === undefined || stored === own) return null;
  return stored < own
    ? new Moved(`Postgres has lost the checkpoint ${own} and is at ${stored}; the projector goes on from there.`)
    : new Fenced('Another projector is active; this one stands by.');
};

/** Tries streams again that another program has parked; this one may have what they lack. Never fails. */
const replayOthers = async (
  { store, pool, log }: Options,
  projection: Projection,
  { program }: Release,
  signal: AbortSignal,
): Promise<void> => {
  try {
    for (const stream of await parkedByOthers(pool, projection, program)) {
      if (signal.aborted) return;
      const { outcome } = await replayParked({ store, pool, projection }, stream);
      log.info({ stream, outcome }, 'A stream that another version of the program had parked was tried again.');
    }
  } catch (error) {
    log.warn({ err: error }, 'Parked streams could not be tried again; the next start of the projector does it.');
  }
};

/** Another instance moved the checkpoint: nothing is wrong. */
class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** The place to go on from is another one, which is known by reading it: nothing is wrong, and readers wait for it. */
class Moved extends Error {
  override readonly name = 'Moved';
}

const isRecorded = (entry: Recorded | Idle): entry is Recorded => !('idle' in entry);
const recordedMs = ({ metadata: { recordedAt } }: Recorded): number => Date.parse(String(recordedAt));
const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
const further = (a: Position, b: Position): Position => (b.commit > a.commit ? b : a);

const report = ({ log }: Options, error: unknown, progress: Progress): void => {
  const problem = error instanceof Error ? error.message : String(error);
  if (error instanceof Moved) {
    log.info({}, problem);
    return;
  }
  if (error instanceof Fenced) {
    // It is to take over soon when the other one ends.
    progress.failures = 1;
    standBy(log, progress, problem, { kind: 'standby' });
    return;
  }
  if (error instanceof OtherRelease) {
    progress.failures = 0;
    standBy(log, progress, problem, { kind: 'standby', problem });
    return;
  }
  if (error instanceof Unprojectable && isNewer(error)) {
    progress.failures = 0;
    standBy(log, progress, problem, { kind: 'standby', problem: newerEvents });
    return;
  }
  progress.state = { kind: 'waiting', problem };
  if (error instanceof OtherPast) log.error({ err: error }, problem);
  else log.warn({ err: error }, 'The projector lost its connection and resumes from its checkpoint.');
};

// It is tried again every second, and said once.
const standBy = (log: Log, progress: Progress, sentence: string, state: ProjectorState): void => {
  const isNew = JSON.stringify(state) !== JSON.stringify(progress.state);
  progress.state = state;
  if (isNew) log.info({}, sentence);
};

const isHeldUp = (state: ProjectorState): boolean => state.kind === 'standby' && state.problem === newerEvents;

const newerEvents = 'The log has events of a newer release, which this one cannot project. Update this process.';

const backoffMinMs = 1_000;
// While it waits, readers see an old state: a longer pause would spare servers nothing.
const backoffMaxMs = 10_000;

const jittered = (failures: number): number => {
  const bound = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures);
  return bound / 2 + (Math.random() * bound) / 2;
};
