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

/** Does work that may take long. Answers with a problem when it takes longer than 2 s. */
export type LongWork = (request: LongRequest, work: () => Promise<Answer>) => Promise<Answer>;

const workMsMax = 2_000;
const lateMax = 2;

/**
 * Bounds the time of long work. Admission bounds its number. Work that cannot be stopped, such as an append, goes on
 * after its answer. A tenant with two of those gets nothing begun until one ends, so repeating a request does not
 * multiply the work.
 */
export const createLongWork = (): LongWork => {
  const late = new Map<string, number>();
  const countLate = (tenant: string, change: 1 | -1) => {
    const count = (late.get(tenant) ?? 0) + change;
    if (count > 0) late.set(tenant, count);
    else late.delete(tenant);
  };
  return async ({ tenant, narrow, onLateFailure }, work) => {
    if ((late.get(tenant) ?? 0) >= lateMax) return tooManyLate;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        countLate(tenant, 1);
        resolve(tookTooLong(narrow));
      }, workMsMax);
      work()
        .then(resolve, (error: unknown) => {
          if (isStopped(error)) resolve(tookTooLong(narrow));
          else if (isLate) onLateFailure(error);
          else reject(error);
        })
        .finally(() => {
          clearTimeout(timer);
          if (isLate) countLate(tenant, -1);
        });
    });
  };
};

const tookTooLong = (narrow: string): Problem =>
  problemForNow('UNAVAILABLE', `This takes longer than ${workMsMax / 1_000} seconds. ${narrow}`, 5, 'LONG_WORK');

const tooManyLate = problemForNow(
  'RATE_LIMITED',
  `${lateMax} earlier requests of yours took too long and are still being carried out. Wait until they have ended.`,
  2,
);

// Postgres has canceled the statement after its time, or the work has noticed the end of its response.
const isStopped = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === '57014'));
