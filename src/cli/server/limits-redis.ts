import { Redis } from 'ioredis';

// What has no answer by then is counted in this process instead: a request never waits longer for Redis.
const defaultTimeoutMs = 250;

/** A Redis client for rate limits, which connects by itself, again and again; its commands fail rather than wait. */
export const connectLimitsRedis = (url: string, commandTimeoutMs = defaultTimeoutMs): Redis => {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  // Whoever uses it learns of a lost connection from the command that fails; unheard, the event would end the process.
  redis.on('error', () => undefined);
  return redis;
};
