import { LRUCache } from 'lru-cache';
import {
  type Bucket,
  buckets,
  failureBuckets,
  grownLimit,
  type LicenseSize,
  type Limit,
  type LimitName,
  type Limits,
} from '../../rate-limits.ts';
import { type Counter, countInMemory, countInRedis, type RedisClient } from './counters.ts';
import { createInsured, type InsuranceLog, type Insured } from './insured.ts';
import { type LimitState, unlimited, type Verdict } from './verdict.ts';

/** Counts requests against the limits that apply to them. Its functions never reject. */
export type RateLimiter = {
  /**
   * Counts one request of `key`, or `units` of them in a bucket with one limit. A refused request counts only against
   * the limits that refused it. Redis stores keys as they are: hash secret and personal values first. `size`: of the
   * license of a license key.
   */
  readonly take: (bucket: Bucket, key: string, size?: LicenseSize, units?: number) => Promise<Verdict>;
  /** Returns the size of the license of a key, which `noteSize` has noted in the last 10 seconds. */
  readonly sizeOf: (key: string) => LicenseSize | undefined;
  readonly noteSize: (key: string, size: LicenseSize) => void;
  /** Takes a counted request of `key` back, so that a bucket counts failures only. */
  readonly takeBack: (bucket: Bucket, key: string) => Promise<void>;
  /** Forgets all requests of `key` in a bucket. */
  readonly forget: (bucket: Bucket, key: string) => Promise<void>;
};

export type RateLimiterNeeds = {
  readonly limits: Limits;
  readonly nowMs: () => number;
  /** The Redis that all processes share. Null makes each process count for itself. */
  readonly redis: RedisClient | null;
  readonly log: InsuranceLog;
  /** Receives the name of each limit that refused a request. */
  readonly onRefused?: (name: LimitName) => void;
};

/** Returns a limiter that counts in Redis, or in this process when there is no Redis or it does not answer. */
export const createRateLimiter = (needs: RateLimiterNeeds): RateLimiter => {
  const { limits, nowMs, redis, log, onRefused = () => undefined } = needs;
  const insured = createInsured(nowMs, log);
  const shared = redis === null ? null : { redis, insured };
  const counters = Object.fromEntries(
    Object.values(limits).map((limit) => [limit.name, counterOf(limit, nowMs, shared)]),
  ) as Record<LimitName, Counter>;
  const sizes = new LRUCache<string, LicenseSize>({
    max: sizesMax,
    ttl: sizeKnownMs,
    ttlResolution: 0,
    perf: { now: nowMs },
  });

  const takeOne = async (name: LimitName, key: string, size?: LicenseSize, units = 1): Promise<Verdict> => {
    const limit = size === undefined ? limits[name] : grownLimit(limits[name], size);
    const { consumed, msLeft } = await counters[name].add(key, limit.quota, units);
    const standing = standingOf(limit, limit.quota - consumed, msLeft);
    if (consumed <= limit.quota) return { standings: [standing], refusedBy: [] };
    onRefused(name);
    // A burst of correct logins must not count as failures.
    if (failureLimits.has(name)) await counters[name].takeBack(key);
    return { standings: [standing], refusedBy: [standing] };
  };
  const takeAll = async (names: readonly LimitName[], key: string): Promise<Verdict> => {
    const verdicts = await Promise.all(names.map((name) => takeOne(name, key)));
    const refusedBy = verdicts.flatMap((verdict) => verdict.refusedBy);
    const standings = verdicts.flatMap((verdict) => verdict.standings);
    if (refusedBy.length === 0) return { standings, refusedBy };
    const innocent = standings.filter((standing) => !refusedBy.includes(standing));
    await Promise.all(innocent.map(({ limit }) => counters[limit.name].takeBack(key)));
    const unused = ({ remaining, ...standing }: LimitState) => ({ ...standing, remaining: remaining + 1 });
    return {
      standings: standings.map((standing) => (innocent.includes(standing) ? unused(standing) : standing)),
      refusedBy,
    };
  };
  return {
    take: (bucket, key, size, units) => {
      const names = buckets[bucket];
      // The usual case of one window needs no merging.
      return names.length === 1 ? takeOne(names[0], key, size, units) : takeAll(names, key);
    },
    sizeOf: (key) => sizes.get(key),
    noteSize: (key, size) => {
      sizes.set(key, size);
    },
    takeBack: async (bucket, key) => {
      await Promise.all(buckets[bucket].map((name) => counters[name].takeBack(key)));
    },
    forget: async (bucket, key) => {
      await Promise.all(buckets[bucket].map((name) => counters[name].forget(key)));
    },
  };
};

// A changed limit of a license counts after this time at the latest.
const sizeKnownMs = 10_000;
const sizesMax = 50_000;

/** For RATE_LIMITS=off: allows everything. */
export const noRateLimits: RateLimiter = {
  take: async () => unlimited,
  sizeOf: () => ({ devices: 0, heartbeatSeconds: 1 }),
  noteSize: () => undefined,
  takeBack: async () => undefined,
  forget: async () => undefined,
};

type Shared = { readonly redis: RedisClient; readonly insured: Insured };

const counterOf = (limit: Limit, nowMs: () => number, shared: Shared | null): Counter => {
  const own = countInMemory(limit, nowMs);
  if (shared === null) return own;
  const common = countInRedis(limit, shared.redis, { isTakenBack: failureLimits.has(limit.name) });
  return {
    add: (key, quota, units) =>
      shared.insured(
        () => common.add(key, quota, units),
        () => own.add(key, quota, units),
      ),
    takeBack: (key) =>
      shared.insured<unknown>(
        () => common.takeBack(key),
        () => own.takeBack(key),
      ),
    forget: (key) =>
      Promise.all([
        own.forget(key),
        shared.insured<unknown>(
          () => common.forget(key),
          async () => undefined,
        ),
      ]),
  };
};

const failureLimits: ReadonlySet<LimitName> = new Set(failureBuckets.flatMap((bucket) => buckets[bucket]));

const standingOf = (limit: Limit, remaining: number, msLeft: number): LimitState => ({
  limit,
  remaining: Math.max(0, remaining),
  resetSeconds: Math.max(1, Math.ceil(msLeft / 1_000)),
});
