import { Redis } from 'ioredis';

// A count without an answer by then happens in this process. So a request never waits longer for Redis.
const defaultTimeoutMs = 250;

/** Returns a Redis client for rate limits, which reconnects by itself. Its commands fail and do not wait. */
export const connectLimitsRedis = (url: string, commandTimeoutMs = defaultTimeoutMs): Redis => {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  // A failing command reports a lost connection. Without a listener the event would end the process.
  redis.on('error', () => undefined);
  return redis;
};
