import { createFairQueue, NotBegun } from '../../async/fair-queue.ts';
import { type Problem, problemForNow } from '../problems/problems.ts';
import type { Answer } from '../route.ts';

/** A request that may take long. */
export type LongRequest = {
  /** The organization or user that it counts for. */
  readonly tenant: string;
  /** Says what the caller can do when it takes too long. */
  readonly narrow: string;
  /** Receives what the work throws after its answer. */
  readonly onLateFailure: (error: unknown) => void;
};

/**
 * Does work that may take long, within bounds of number and time. Answers with a problem when the work takes longer
 * than 2 s, or cannot begin.
 */
export type LongWork = (request: LongRequest, work: () => Promise<Answer>) => Promise<Answer>;

const workMsMax = 2_000;

// Of the ten connections of the API four stay free of long work, and one organization takes two at most.
const limits = { runningMax: 6, runningMaxPerKey: 2, waitingMax: 300, waitingMaxPerKey: 50, waitMsMax: 2_000 };

/**
 * Creates the bounds of long work in this process. Work that has taken too long keeps its place until it really ends,
 * so a repeated request does not add to it.
 */
export const createLongWork = (): LongWork => {
  const queue = createFairQueue(limits);
  return ({ tenant, narrow, onLateFailure }, work) =>
    new Promise((resolve, reject) => {
      const bounded = async () => {
        let isLate = false;
        const timer = setTimeout(() => {
          isLate = true;
          resolve(tookTooLong(narrow));
        }, workMsMax);
        try {
          resolve(await work());
        } catch (error) {
          if (isStopped(error)) resolve(tookTooLong(narrow));
          else if (isLate) onLateFailure(error);
          else reject(error);
        } finally {
          clearTimeout(timer);
        }
      };
      queue.run(tenant, bounded).catch((error: unknown) => {
        if (error instanceof NotBegun) resolve(error.isOwn ? tooManyOfOwn : tooManyOfOthers);
        else reject(error);
      });
    });
};

const tookTooLong = (narrow: string): Problem =>
  problemForNow('UNAVAILABLE', `This took longer than ${workMsMax / 1_000} seconds and was stopped. ${narrow}`, 5);

const tooManyOfOwn = problemForNow(
  'RATE_LIMITED',
  `Your organization has ${limits.runningMaxPerKey} such requests in flight, and others wait. Send fewer at once.`,
  2,
);

const tooManyOfOthers = problemForNow('UNAVAILABLE', 'The server is answering too many such requests. Try again.', 2);

// Postgres has canceled the statement after its time, or the work has noticed the end of its response.
const isStopped = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === '57014'));
