import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit } from '../../rate-limits.ts';
import { type RedisClient, redisPrefix } from './counters.ts';

/** Whether an account may be tried now; if not, in how many milliseconds. `left`: how many tries go without delay. */
export type Attempt = { readonly left: number; readonly msLeft: number; readonly refusedMs: number | null };

/** Slows down who tries to log in to one account, from whichever address. */
export type AccountDelay = {
  readonly attempt: (account: string) => Promise<Attempt>;
  /** After a successful login: the account begins anew. */
  readonly forget: (account: string) => Promise<void>;
};

const delayMaxSeconds = 900;
const levelSeconds = 86_400;

/**
 * The quota may be tried freely in its window; then each further try must wait, 1 second and twice as long each time, 900 at
 * most, until one succeeds or a day is over. Nobody is locked out for good, so nobody can lock another out.
 */
export const delayInMemory = (limit: Limit): AccountDelay =>
  delayWith(limit, (name, points, duration) => new RateLimiterMemory({ keyPrefix: name, points, duration }));

/** The same for all processes together. Rejects when Redis does not answer. */
export const delayInRedis = (limit: Limit, client: RedisClient): AccountDelay =>
  delayWith(limit, (name, points, duration) => {
    const keyPrefix = `${redisPrefix}:${name}`;
    return new RateLimiterRedis({ storeClient: client, keyPrefix, points, duration, rejectIfRedisNotReady: true });
  });

type MakeLimiter = (name: string, points: number, duration: number) => RateLimiterAbstract;

const delayWith = ({ name, quota, seconds }: Limit, make: MakeLimiter): AccountDelay => {
  const tries = make(name, quota, seconds);
  const levels = make(`${name}_level`, Number.MAX_SAFE_INTEGER, levelSeconds);
  const gate = make(`${name}_gate`, 1, delayMaxSeconds);

  return {
    attempt: async (account) => {
      const held = await gate.get(account);
      if (held !== null && held.msBeforeNext > 0)
        return { left: 0, msLeft: held.msBeforeNext, refusedMs: held.msBeforeNext };
      const [{ consumedPoints, msBeforeNext: msLeft }, grown] = await Promise.all([
        tries.penalty(account),
        levels.get(account),
      ]);
      const level = grown?.consumedPoints ?? 0;
      if (consumedPoints < quota && level === 0) return { left: quota - consumedPoints, msLeft, refusedMs: null };
      // Of all that come at once one passes the gate, which closes behind it.
      const customDuration = Math.min(delayMaxSeconds, 2 ** level);
      try {
        await gate.consume(account, 1, { customDuration });
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        return { left: 0, msLeft: refused.msBeforeNext, refusedMs: refused.msBeforeNext };
      }
      await levels.penalty(account);
      return { left: 0, msLeft: customDuration * 1_000, refusedMs: null };
    },
    forget: async (account) => {
      await Promise.all([tries, levels, gate].map((limiter) => limiter.delete(account)));
    },
  };
};
