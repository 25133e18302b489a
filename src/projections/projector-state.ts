import type { Recorded } from '../eventstore/event-store.ts';
import type { Log } from '../postgres/log.ts';
import type { Batch } from './checkpoint.ts';
import { isNewer } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { OtherRelease } from './level.ts';
import { OtherPast } from './other-past.ts';

/**
 * `following`: the projector applies events as they happen. `standby`: another instance applies them; with `problem`
 * only another release can. `waiting`: something is wrong, as `problem` says, and the projector retries.
 */
export type ProjectorState =
  | { readonly kind: 'starting' | 'stopped' }
  | { readonly kind: 'standby'; readonly problem?: string }
  | { readonly kind: 'following'; readonly caughtUp: boolean }
  | { readonly kind: 'waiting'; readonly problem: string };

/** What a projector tells of itself. `failures`: in a row, without progress between them. */
export type Progress = {
  state: ProjectorState;
  position: bigint | null;
  lagMs: number | null;
  failures: number;
};

/** Another instance moved the checkpoint. Nothing is wrong. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** The projector must go on from another place, and at once, because readers wait for it. Nothing is wrong. */
export class Moved extends Error {
  override readonly name = 'Moved';
}

/** Notes that the projector has applied a batch. */
export const noteProgress = (progress: Progress, { events, to }: Batch, caughtUp: boolean): void => {
  const last = events.at(-1);
  progress.failures = 0;
  progress.position = to.commit;
  progress.lagMs = last === undefined ? 0 : Date.now() - recordedMs(last);
  progress.state = { kind: 'following', caughtUp };
};

/** Notes why the projector stopped following, and logs it. */
export const report = (log: Log, error: unknown, progress: Progress): void => {
  const problem = error instanceof Error ? error.message : String(error);
  if (error instanceof Moved) {
    log.info({}, problem);
    return;
  }
  if (error instanceof Fenced) {
    // This instance must take over soon when the other one ends.
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

// The projector retries every second, but logs the sentence only once.
const standBy = (log: Log, progress: Progress, sentence: string, state: ProjectorState): void => {
  const isNew = JSON.stringify(state) !== JSON.stringify(progress.state);
  progress.state = state;
  if (isNew) log.info({}, sentence);
};

/** Returns true while an event of a newer release keeps the projector from following. */
export const isHeldUp = (state: ProjectorState): boolean => state.kind === 'standby' && state.problem === newerEvents;

const newerEvents = 'The log has events of a newer release, which this one cannot project. Update this process.';

const recordedMs = ({ metadata: { recordedAt } }: Recorded): number => Date.parse(String(recordedAt));
