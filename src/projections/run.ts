import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { EventStore, Idle, Position, Recorded } from '../eventstore/event-store.ts';
import { applyOrPark } from './apply-or-park.ts';
import { type Projection, readCheckpoint } from './checkpoint.ts';
import { streamPrefixes } from './fold/fold-event.ts';
import { gather } from './gather.ts';
import type { Log } from './log.ts';
import { OtherPast, refuseOtherPast } from './other-past.ts';
import { activeProjection } from './versions.ts';

type Options = {
  readonly store: EventStore;
  /** As ledger_projector. One connection is used. */
  readonly pool: Pool;
  readonly log: Log;
  /** Stops the projector after the batch in hand. */
  readonly signal: AbortSignal;
  /** Default: the version that serves, looked up at each start. */
  readonly projection?: Projection;
  readonly batchMax?: number;
  /** How long to wait after so many failures in a row without progress. */
  readonly backoffMs?: (failures: number) => number;
  /** Between the three tries of an event that cannot be projected. */
  readonly retryMs?: number;
};

/**
 * `following`: events come in as they happen. `standby`: another instance brings them in. `waiting`: something is wrong,
 * `problem` says what; it is tried again.
 */
export type ProjectorState =
  | { readonly kind: 'starting' | 'standby' | 'stopped' }
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
  const { signal, log, backoffMs = jittered } = options;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop, { once: true });
    const end = await follow(options, attempt.signal, progress).catch((error: unknown) => error);
    attempt.abort();
    signal.removeEventListener('abort', stop);
    if (signal.aborted) break;
    report(log, end, progress);
    if (end instanceof Switched) continue;
    const waitMs = backoffMs(progress.failures++);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  progress.state = { kind: 'stopped' };
};

/** From the stored checkpoint until something goes wrong, which it always throws. */
const follow = async (options: Options, signal: AbortSignal, progress: Progress): Promise<never> => {
  const { store, pool, log, batchMax = 500, retryMs = 100 } = options;
  const projection = options.projection ?? (await activeProjection(pool));
  const checkpoint = await readCheckpoint(pool, projection);
  const head = await refuseOtherPast(store, checkpoint);

  let from = checkpoint.position;
  progress.position = from === 'start' ? null : from.commit;
  const caughtUp = head === null || (from !== 'start' && from.commit >= head.commit);
  progress.state = { kind: 'following', caughtUp };
  for await (const group of gather(store.follow(from, { streamPrefixes, signal }), batchMax)) {
    if (signal.aborted) break;
    const events = group.filter(isRecorded);
    const to = group.map(placeOf).reduce(further);
    if (from !== 'start' && to.commit <= from.commit && events.length === 0) continue;

    if (!(await applyOrPark({ pool, projection, log, retryMs }, { from, events, to }))) {
      const { version } = options.projection ?? (await activeProjection(pool));
      throw version === projection.version
        ? new Fenced('Another projector is active; this one stands by.')
        : new Switched(`Version ${version} of the read models serves now; the projector goes on with it.`);
    }
    from = to;
    const last = events.at(-1);
    progress.failures = 0;
    progress.position = to.commit;
    progress.lagMs = last === undefined ? 0 : Date.now() - recordedMs(last);
    progress.state = { kind: 'following', caughtUp: group.length < batchMax };
  }
  throw new Error('The subscription ended.');
};

/** Another instance moved the checkpoint: nothing is wrong. */
class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** Another version of the tables serves: nothing is wrong, and readers wait for it. */
class Switched extends Error {
  override readonly name = 'Switched';
}

const isRecorded = (entry: Recorded | Idle): entry is Recorded => !('idle' in entry);
const recordedMs = ({ metadata: { recordedAt } }: Recorded): number => Date.parse(String(recordedAt));
const placeOf = (entry: Recorded | Idle): Position => ('idle' in entry ? entry.head : entry.position);
const further = (a: Position, b: Position): Position => (b.commit > a.commit ? b : a);

const report = (log: Log, error: unknown, progress: Progress): void => {
  const problem = error instanceof Error ? error.message : String(error);
  if (error instanceof Switched) {
    log.info({}, problem);
    return;
  }
  if (error instanceof Fenced) {
    // It is to take over soon when the other one ends.
    progress.failures = 1;
    progress.state = { kind: 'standby' };
    log.info({}, problem);
    return;
  }
  progress.state = { kind: 'waiting', problem };
  if (error instanceof OtherPast) log.error({ err: error }, problem);
  else log.warn({ err: error }, 'The projector lost its connection and resumes from its checkpoint.');
};

const backoffMinMs = 1_000;
const backoffMaxMs = 60_000;

const jittered = (failures: number): number => {
  const bound = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures);
  return bound / 2 + (Math.random() * bound) / 2;
};
