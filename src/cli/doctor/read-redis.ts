import { Redis } from 'ioredis';
import { errorText } from '../../embedded/errors.ts';
import type { RedisFacts } from './check-settings.ts';

const redisTimeoutMs = 3_000;

/** Reads the settings of Redis. Does not throw. */
export const readRedis = async (url: string): Promise<RedisFacts> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: redisTimeoutMs,
    commandTimeout: redisTimeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The call that fails tells only that the connection is closed.
  let lost: unknown = null;
  redis.on('error', (error) => {
    lost = error;
  });
  try {
    await redis.connect();
    const policy = await settingOf(redis, 'maxmemory-policy');
    const [appendOnly, save] = [await settingOf(redis, 'appendonly'), await settingOf(redis, 'save')];
    const isPersistent = appendOnly === null || save === null ? null : appendOnly === 'yes' || save !== '';
    return { error: null, policy, isPersistent };
  } catch (error) {
    return { error: `${errorText(lost ?? error).replace(/\.$/, '')}.`, policy: null, isPersistent: null };
  } finally {
    redis.disconnect();
  }
};

// A hosted Redis may refuse to tell its settings.
const settingOf = async (redis: Redis, name: string): Promise<string | null> => {
  try {
    const answer: unknown = await redis.config('GET', name);
    return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : null;
  } catch {
    return null;
  }
};
