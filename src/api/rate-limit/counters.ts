import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { countsRecords, growsWithLicense, type Limit } from '../../rate-limits.ts';

/** The number of requests of a key in its window, and the milliseconds until the window ends. */
export type Count = { readonly consumed: number; readonly msLeft: number };

/** Counts the requests of each key in one window. */
export type Counter = {
  /** Counts so many requests. Beyond the quota, `consumed` is larger than the quota, but not exact. */
  readonly add: (key: string, quota: number, units: number) => Promise<Count>;
  /** Takes one request of the current window back from the count. The count stays at least 0. */
  readonly takeBack: (key: string) => Promise<unknown>;
  /** Forgets the requests of a key. */
  readonly forget: (key: string) => Promise<unknown>;
};

/** The parts of an ioredis client that `rate-limiter-flexible` uses. Its commands must time out. */
export type RedisClient = {
  readonly status: string;
  readonly defineCommand: (name: string, definition: { lua: string; numberOfKeys?: number }) => void;
};

/** The prefix of all keys of rate limits in Redis. */
export const redisPrefix = 'ledger:limit';

// A window with more keys starts over for all keys. This bounds the memory and makes a full window less strict.
const keysMax = 200_000;

/**
 * Counts in this process. All keys of a limit share their windows, which begin at multiples of their length. A window
 * is one limiter without expiry and is dropped as a whole. The limiter's own expiry would need a timer for each key,
 * five times the time of a first request and four times the memory.
 */
export const countInMemory = ({ name, seconds }: Limit, nowMs: () => number): Counter => {
  const lengthMs = seconds * 1_000;
  const isGrowing = growsWithLicense(name);
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
    add: async (key, quota, units) => {
      const left = msLeft();
      const counting = limiter;
      const { consumedPoints } = await counting.penalty(key, units);
      if (consumedPoints === units) keys += 1;
      // A refused request is not counted, so that a quota that grows admits the next one.
      if (consumedPoints > quota && isGrowing) await counting.reward(key, units);
      return { consumed: consumedPoints, msLeft: left };
    },
    takeBack: (key) => {
      msLeft();
      return takeBackFrom(limiter, key);
    },
    forget: (key) => limiter.delete(key),
  };
};

/**
 * Counts in Redis, for all processes together. The window of a key begins with its first request. Unless requests are
 * taken back after they were answered, or count several units, Redis is not asked again for a key with a used-up quota
 * before its window ends. Rejects when Redis does not answer.
 */
export const countInRedis = (
  { name, quota: usual, seconds }: Limit,
  client: RedisClient,
  { isTakenBack }: { readonly isTakenBack: boolean },
): Counter => {
  const hasUnits = countsRecords(name);
  const create = (quota: number) =>
    new RateLimiterRedis({
      storeClient: client,
      keyPrefix: `${redisPrefix}:${name}`,
      points: quota,
      duration: seconds,
      ...(isTakenBack || hasUnits ? {} : { inMemoryBlockOnConsumed: quota + 1 }),
      rejectIfRedisNotReady: true,
    });
  // All of them count in the same keys of Redis.
  const limiters = new LRUCache<number, RateLimiterRedis>({ max: quotasMax, memoMethod: create });
  return {
    add: async (key, quota, units) => {
      try {
        const { consumedPoints, msBeforeNext } = await limiters.memo(quota).consume(key, units);
        return { consumed: consumedPoints, msLeft: msBeforeNext };
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        // Fewer units may still fit.
        if (hasUnits) await takeBackFrom(limiters.memo(quota), key, units);
        return { consumed: quota + 1, msLeft: refused.msBeforeNext };
      }
    },
    takeBack: (key) => takeBackFrom(limiters.memo(usual), key),
    forget: (key) => limiters.memo(usual).delete(key),
  };
};

// A window may have ended since the request was counted. Taking it back from the next one would allow a request more.
const takeBackFrom = async (limiter: RateLimiterAbstract, key: string, units = 1): Promise<void> => {
  const count = await limiter.get(key);
  if (count !== null && count.consumedPoints >= units) await limiter.reward(key, units);
};

// The quotas of one limit differ by the size of the license.
const quotasMax = 1_000;
