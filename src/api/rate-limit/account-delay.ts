import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit } from '../../rate-limits.ts';
import { type RedisClient, redisPrefix } from './counters.ts';

/**
 * Says whether an account may be tried now, or in how many milliseconds. `left` is the number of tries without a delay.
 */
export type Attempt = { readonly left: number; readonly msLeft: number; readonly refusedMs: number | null };

/** Slows down attempts to log in to one account, from all addresses together. */
export type AccountDelay = {
  readonly attempt: (account: string) => Promise<Attempt>;
  /** Forgets the tries of an account after a successful login. */
  readonly forget: (account: string) => Promise<void>;
};

const delayMaxSeconds = 900;
const levelSeconds = 86_400;

/**
 * Returns a delay for accounts. The quota of tries is free in its window. Each further try must wait, first 1 second
 * and twice as long each time, up to 900 seconds, until one succeeds or a day has passed. Nobody is locked out for
 * good, so nobody can lock out another user.
 */
export const delayInMemory = (limit: Limit): AccountDelay =>
  delayWith(limit, (name, points, duration) => new RateLimiterMemory({ keyPrefix: name, points, duration }));

/** Returns a delay for accounts that all processes share. It rejects when Redis does not answer. */
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
      const gateState = await gate.get(account);
      if (gateState !== null && gateState.msBeforeNext > 0)
        return { left: 0, msLeft: gateState.msBeforeNext, refusedMs: gateState.msBeforeNext };
      const [{ consumedPoints, msBeforeNext: msLeft }, grown] = await Promise.all([
        tries.penalty(account),
        levels.get(account),
      ]);
      const level = grown?.consumedPoints ?? 0;
      if (consumedPoints < quota && level === 0) return { left: quota - consumedPoints, msLeft, refusedMs: null };
      // Only one of several concurrent tries passes the gate. It closes the gate.
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
