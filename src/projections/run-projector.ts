import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { EventStore, Idle, Position, Recorded } from '../eventstore/event-store.ts';
import { isFollowed } from '../eventstore/whole-commands.ts';
import type { Log } from '../postgres/log.ts';
import { applyOrPark } from './apply-or-park.ts';
import { startBringingIn } from './bring-in.ts';
import { type Batch, type Projection, readCheckpoint } from './checkpoint.ts';
import { isNewer } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { streamPrefixes } from './fold/fold-event.ts';
import { gather } from './gather.ts';
import { beginProjecting, markLevel, markOtherLog, projectionFor } from './level.ts';
import { OtherPast, refuseOtherPast } from './other-past.ts';
import { parkedByOthers } from './parked.ts';
import {
  Fenced,
  isHeldUp,
  Moved,
  noteProgress,
  type Progress,
  type ProjectorState,
  report,
} from './projector-state.ts';
import { ownRelease, type Release } from './release.ts';
import { replayParked } from './replay-parked.ts';

type Options = {
  readonly store: EventStore;
  /**
   * As ledger_projector. The projector uses one connection, one more while it brings in a stream that changes many
   * rows, and one more while it retries parked streams.
   */
  readonly pool: Pool;
  readonly log: Log;
  /** Stops the projector after the current batch. */
  readonly signal: AbortSignal;
  /** The release of this projector. It stands by while another release serves. */
  readonly release?: Release;
  readonly batchMax?: number;
  /** Returns the milliseconds to wait after this many failures in a row without progress. */
  readonly backoffMs?: (failures: number) => number;
  /** The time between the three attempts at an event that cannot be projected. */
  readonly retryMs?: number;
  /** A stream is set aside from an event on that changes more rows than this at once. */
  readonly rowsMax?: number;
};

export type Projector = {
  readonly state: () => ProjectorState;
  /** The commit position up to which this instance has handled the log; null before it knows. */
  readonly position: () => bigint | null;
  /** The time from recording the last event to committing its rows; 0 after an idle log, null before the first. */
  readonly lagMs: () => number | null;
  /** Resolves after the signal is aborted and the current batch is finished. Never rejects. */
  readonly done: Promise<void>;
};

/**
 * Keeps the read models at the end of the log. After a failure of any kind it resumes from the stored checkpoint. It
 * tries an event that cannot be projected three times, then parks its stream and goes on with the others. Any number of
 * instances may run: compare-and-set on the checkpoint lets one of them proceed.
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

type Following = Options & { readonly onSetAside: () => void };

const supervise = async (settings: Options, progress: Progress): Promise<void> => {
  const { signal, pool, log, store, release = ownRelease(), backoffMs = jittered } = settings;
  // This goes on while the projector restarts, and while another instance is active.
  const bringingIn = startBringingIn({ store, pool, release, log, signal });
  const options: Following = { ...settings, onSetAside: bringingIn.wake };
  while (!signal.aborted) {
    const { end, isConnectionLost } = await followOnce(options, progress);
    if (signal.aborted) break;
    // Readers wait meanwhile, and a lost connection is no reason to make them wait longer.
    if (isConnectionLost) continue;
    report(options.log, end, progress);
    if (end instanceof Moved) continue;
    const waitMs = backoffMs(progress.failures++);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  await bringingIn.done;
  progress.state = { kind: 'stopped' };
};

type End = { readonly end: unknown; readonly isConnectionLost: boolean };

/** Follows the log until it fails, an idle connection of the pool is lost, or the signal is aborted. */
const followOnce = async (options: Following, progress: Progress): Promise<End> => {
  const { signal, pool } = options;
  const attempt = new AbortController();
  const stop = () => attempt.abort();
  signal.addEventListener('abort', stop, { once: true });
  // After a crash Postgres may have an older checkpoint than the last committed one, so it must be read again.
  let isConnectionLost = false;
  const lose = () => {
    isConnectionLost = true;
    attempt.abort();
  };
  pool.on('error', lose);
  const end = await follow(options, attempt.signal, progress).catch((error: unknown) => error);
  attempt.abort();
  pool.off('error', lose);
  signal.removeEventListener('abort', stop);
  return { end, isConnectionLost };
};

/** Follows the log from the stored checkpoint. Never returns: throws the reason why it ended. */
const follow = async (options: Following, signal: AbortSignal, progress: Progress): Promise<never> => {
  const { store, batchMax = 500 } = options;
  const start = await startFollowing(options, progress);
  const replaying = replayOthers(options, start, signal);
  let { from } = start;
  try {
    for await (const group of gather(store.follow(from, { streamPrefixes, signal }), batchMax, endsBatch)) {
      if (signal.aborted) break;
      const batch = { from, events: group.filter(isRecorded), to: group.map(placeOf).reduce(further) };
      if (!(await applyNext(options, start, batch))) continue;
      from = batch.to;
      await start.markLevelAt(from);
      noteProgress(progress, batch, group.length < batchMax);
    }
    throw new Error('The subscription ended.');
  } finally {
    await replaying;
  }
};

/** Where the projector starts, and the version that it works on. */
type Start = {
  readonly projection: Projection;
  readonly release: Release;
  readonly from: Position | 'start';
  /** Lets the version serve once its checkpoint, `position`, has reached its goal. */
  readonly markLevelAt: (position: Position | 'start') => Promise<void>;
};

const startFollowing = async (options: Following, progress: Progress): Promise<Start> => {
  const { store, pool, log, release = ownRelease() } = options;
  const projection = await projectionFor(pool, release);
  const checkpoint = await readCheckpoint(pool, projection);
  const head = await refuseOtherPast(store, checkpoint).catch(async (error: unknown) => {
    if (error instanceof OtherPast) await markOtherLog(pool, projection);
    throw error;
  });
  const { goal, ...standing } = await beginProjecting(pool, projection, release, head);
  let { isLevel } = standing;
  const markLevelAt = async (position: Position | 'start') => {
    if (isLevel || position === 'start' || position.commit < goal) return;
    await markLevel(pool, projection);
    isLevel = true;
    log.info({ version: projection.version }, 'The read models are level with the log: they serve now.');
  };

  const from = checkpoint.position;
  progress.position = from === 'start' ? null : from.commit;
  const caughtUp = head === null || (from !== 'start' && from.commit >= head.commit);
  // The projector does not follow again before it is past the event of a newer release.
  if (!isHeldUp(progress.state)) progress.state = { kind: 'following', caughtUp };
  // The projector that reached the goal may have died before it marked the version.
  await markLevelAt(from);
  return { projection, release, from, markLevelAt };
};

/** Returns false when there was nothing to apply. Throws when the projector cannot go on from `batch.from`. */
const applyNext = async (
  { pool, log, retryMs = 100, rowsMax = 5_000, onSetAside }: Following,
  { projection, release }: Start,
  batch: Batch,
): Promise<boolean> => {
  const { from, events, to } = batch;
  if (from !== 'start' && to.commit <= from.commit && events.length === 0) {
    // Nothing is written here, so nothing else compares the checkpoint with the stored one.
    const moved = await movedFrom(from, pool, projection, release);
    if (moved !== null) throw moved;
    return false;
  }
  if (!(await applyOlder({ pool, projection, log, retryMs, aside: { rowsMax, onSetAside } }, batch)))
    throw (await movedFrom(from, pool, projection, release)) ?? new Error('The checkpoint could not be moved.');
  return true;
};

/**
 * Applies as `applyOrPark` does. Before an event of a newer release, applies the earlier events and throws
 * Unprojectable.
 */
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

/** Returns why a projector that was at `from` cannot go on from there. Returns null when it can. */
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
  const [stored, own] = [commitOf(position), commitOf(from)];
  if (stored === own) return null;
  return stored < own
    ? new Moved(`Postgres has lost the checkpoint ${own} and is at ${stored}; the projector goes on from there.`)
    : new Fenced('Another projector is active; this one stands by.');
};

/** Retries streams that another program has parked, because this one may be able to project them. Never rejects. */
const replayOthers = async (
  { store, pool, log }: Options,
  { projection, release }: Start,
  signal: AbortSignal,
): Promise<void> => {
  try {
    for (const stream of await parkedByOthers(pool, projection, release.program)) {
      if (signal.aborted) return;
      const { outcome } = await replayParked({ store, pool, projection }, stream);
      log.info({ stream, outcome }, 'A stream that another version of the program had parked was tried again.');
    }
  } catch (error) {
    log.warn({ err: error }, 'Parked streams could not be tried again; the next start of the projector does it.');
  }
};

// Readers must not see some of what a command changed without the rest.
const endsBatch = (entry: Recorded | Idle): boolean => 'idle' in entry || !isFollowed(entry);

const commitOf = (position: Position | 'start'): bigint => (position === 'start' ? -1n : position.commit);
const isRecorded = (entry: Recorded | Idle): entry is Recorded => !('idle' in entry);
const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
const further = (a: Position, b: Position): Position => (b.commit > a.commit ? b : a);

const backoffMinMs = 1_000;
// Readers see old rows while the projector waits, and a longer pause would not relieve any server.
const backoffMaxMs = 10_000;

const jittered = (failures: number): number => {
  const bound = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures);
  return bound / 2 + (Math.random() * bound) / 2;
};
