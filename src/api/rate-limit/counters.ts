import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit } from '../../rate-limits.ts';

/** How many requests of a key its window has seen, and for how many milliseconds the window still runs. */
export type Count = { readonly consumed: number; readonly msLeft: number };

/** Counts the requests of each key in one window. */
export type Counter = {
  /** Counts one more. Beyond the quota `consumed` is more than it, not by how much. */
  readonly add: (key: string) => Promise<Count>;
  /** Makes one uncounted that was refused for another reason. */
  readonly takeBack: (key: string) => Promise<unknown>;
};

/** What is used of a Redis client: `rate-limiter-flexible` takes an ioredis one. Its commands must time out. */
export type RedisClient = {
  readonly status: string;
  readonly defineCommand: (name: string, definition: { lua: string; numberOfKeys?: number }) => void;
};

/** All keys of rate limits in Redis begin so. */
export const redisPrefix = 'ledger:limit';

// A window that sees more keys begins anew, for all of them: the memory is bounded, and the limit lax where it is full.
const keysMax = 200_000;

/**
 * Counts in this process. All keys of a limit share their windows, which begin at multiples of their length: a window is one
 * limiter without expiry, dropped as a whole. The limiter's own expiry costs a timer for each key, five times the time of a
 * first request and four times the memory.
 */
export const countInMemory = ({ seconds }: Limit, nowMs: () => number): Counter => {
  const lengthMs = seconds * 1_000;
  const open = () => new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 0, keyPrefix: '' });
  let window = -1;
  let keys = 0;
  let limiter = open();

  const msLeft = (): number => {
    const now = nowMs();
    const current = Math.floor(now / lengthMs);
    if (current !== window || keys > keysMax) {
      window = current;
      keys = 0;
      limiter = open();
    }
    return (current + 1) * lengthMs - now;
  };
  return {
    add: (key) => {
      const left = msLeft();
      return limiter.penalty(key).then(({ consumedPoints }) => {
        if (consumedPoints === 1) keys += 1;
        return { consumed: consumedPoints, msLeft: left };
      });
    },
    takeBack: (key) => {
      msLeft();
      return limiter.reward(key);
    },
  };
};

/**
 * Counts in Redis, for all processes together; a window of a key begins with its first request. A key whose quota is used up
 * is not asked for again before its window ends. Rejects when Redis does not answer.
 */
export const countInRedis = ({ name, quota, seconds }: Limit, client: RedisClient): Counter => {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: `${redisPrefix}:${name}`,
    points: quota,
    duration: seconds,
    inMemoryBlockOnConsumed: quota + 1,
    rejectIfRedisNotReady: true,
  });
  return {
    add: async (key) => {
      try {
        const { consumedPoints, msBeforeNext } = await limiter.consume(key);
        return { consumed: consumedPoints, msLeft: msBeforeNext };
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        return { consumed: quota + 1, msLeft: refused.msBeforeNext };
      }
    },
    takeBack: (key) => limiter.reward(key),
  };
};
