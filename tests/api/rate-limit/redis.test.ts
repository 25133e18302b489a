import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPasswordTries } from '../../../src/api/rate-limit/password-tries.ts';
import { createRateLimiter, noRateLimits } from '../../../src/api/rate-limit/rate-limiter.ts';
import { connectLimitsRedis } from '../../../src/cli/server/limits-redis.ts';
import { parseLimits } from '../../../src/rate-limits.ts';
import { condition } from '../../support/product.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';

// A Redis of their own, because they pause and kill it.
if (!hasRedis) console.log('Rate limits were not tested with Redis: redis-server is not installed.');

let redis: TestRedis;
const closing: (() => void)[] = [];

// Longer than any stall of a busy machine, but where the time limit itself is tested.
const patientMs = 30_000;

const limiterOn = (overrides: string, commandTimeoutMs?: number) => {
  const limits = parseLimits(overrides);
  if ('fault' in limits) throw new Error(limits.fault);
  const client = connectLimitsRedis(redis.url, commandTimeoutMs);
  const said: string[] = [];
  closing.push(() => client.disconnect());
  const limiter = createRateLimiter({
    limits,
    nowMs: Date.now,
    redis: client,
    log: { warn: (_fields, message) => said.push(message) },
  });
  const allowed = async (key = 'a') => (await limiter.take('validate', key)).refusedBy.length === 0;
  return {
    ...limiter,
    client,
    said,
    allowed,
    connected: () => condition('Redis is there', () => client.status === 'ready'),
  };
};
const noTries = createPasswordTries(noRateLimits, '');
const passed = (outcomes: readonly boolean[]) => outcomes.filter((outcome) => outcome).length;
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

describe.runIf(hasRedis)('With Redis', () => {
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) close();
    await redis.stop();
  });

  test('two processes share a quota exactly, and Redis is not asked for a used-up key', async () => {
    const [one, two] = [limiterOn('validate=50/600', patientMs), limiterOn('validate=50/600', patientMs)];
    await Promise.all([one.connected(), two.connected()]);
    const outcomes = await times(400, (index) => (index % 2 === 0 ? one : two).allowed());
    expect(passed(outcomes)).toBe(50);
    const [standing] = (await two.take('validate', 'b')).standings;
    expect(standing).toMatchObject({ remaining: 49, resetSeconds: 600 });
    const commands = async () => /total_commands_processed:(\d+)/.exec(await one.client.info('stats'))?.[1];
    const before = Number(await commands());
    await times(100, () => one.allowed());
    expect(Number(await commands()) - before).toBeLessThanOrEqual(1);
  });

  test('two processes share a quota that grows with the license, also when it grows after it was used up', async () => {
    const [one, two] = [limiterOn('activate=5/600', patientMs), limiterOn('activate=5/600', patientMs)];
    await Promise.all([one.connected(), two.connected()]);
    const passing = async (devices: number) => {
      const take = async (by: typeof one) =>
        (await by.take('activate', 'key', { devices, heartbeatSeconds: 120 })).refusedBy.length === 0;
      let count = 0;
      for (let index = 0; index < 100; index += 1) if (await take(index % 2 === 0 ? one : two)) count += 1;
      return count;
    };
    expect(await passing(20)).toBe(20);
    // Each process has counted one refused request, and has asked Redis for no further one.
    expect(await passing(50)).toBe(28);
  });

  test('a list of records that is too long takes nothing from the quota of the next request', async () => {
    const [one, two] = [limiterOn('usage=10/600', patientMs), limiterOn('usage=10/600', patientMs)];
    await Promise.all([one.connected(), two.connected()]);
    const fits = async (by: typeof one, units: number) =>
      (await by.take('usage', 'key', undefined, units)).refusedBy.length === 0;
    expect([await fits(one, 4), await fits(one, 7), await fits(two, 11)]).toEqual([true, false, false]);
    expect([await fits(one, 5), await fits(two, 1), await fits(one, 1)]).toEqual([true, true, false]);
  });

  test('two processes share the failures of an account, and what one takes back', async () => {
    const limits = 'login_place=3/900,login_account=4/900,login_device=2/900';
    const [one, two] = [limiterOn(limits, patientMs), limiterOn(limits, patientMs)];
    await Promise.all([one.connected(), two.connected()]);
    const tries = (place: string) => [one, two].map((by) => createPasswordTries(by, place));
    const [mine = noTries, yours = noTries] = tries('a');
    const account = { account: 'hash' };
    const attempt = async (by: typeof mine) => (await by.takeTry(account)) === null;
    expect(passed(await times(40, (index) => attempt(index % 2 === 0 ? mine : yours)))).toBe(3);
    await mine.takeBackTry(account);
    expect([await attempt(yours), await attempt(mine)]).toEqual([true, false]);
    const [far = noTries] = tries('b');
    expect([await attempt(far), await attempt(far)]).toEqual([true, false]);
    await far.reopenAccount('hash');
    expect(await attempt(far)).toBe(true);
    expect([await mine.takeTry({ device: 'd' }), await yours.takeTry({ device: 'd' })]).toEqual([null, null]);
    expect(await mine.takeTry({ device: 'd' })).not.toBeNull();
    expect([one.said, two.said]).toEqual([[], []]);
  });

  test('several windows are counted together, and a refused request is given back to the others', async () => {
    const one = limiterOn('free=2/600,free_hour=5/3600', patientMs);
    await one.connected();
    for (const _ of [1, 2, 3, 4]) await one.take('free', 'org');
    const { standings } = await one.take('free', 'org');
    expect(standings.map(({ limit, remaining }) => [limit.name, remaining])).toEqual([
      ['free', 0],
      ['free_hour', 3],
      ['free_day', 9_998],
    ]);
  });

  test('a killed Redis fails no request, and the processes share again when it is back', async () => {
    const one = limiterOn('validate=50/600');
    await one.connected();
    await redis.stop();
    expect(passed(await times(400, () => one.allowed()))).toBe(50);
    expect(one.said).toEqual(['Redis does not answer: rate limits are counted in this process until it does.']);
    await redis.restart();
    await condition('limits are shared again', async () => {
      await one.allowed('b');
      return one.said.length === 2;
    });
    expect(one.said[1]).toBe('Redis answers again: rate limits are shared by all processes.');
    const keys = await one.client.keys('*');
    expect(keys).toEqual(['ledger:limit:validate:b']);
  });

  test('a Redis that hangs delays a few requests and fails none', async () => {
    const one = limiterOn('validate=50/600');
    await one.connected();
    expect(await one.allowed('before')).toBe(true);
    redis.process.kill('SIGSTOP');
    expect(passed(await times(400, () => one.allowed()))).toBe(50);
    // All of them waited for the first time limit together. If those after them did, this test would take minutes.
    for (let request = 0; request < 1_000; request += 1) await one.allowed(String(request));
    expect(one.said).toHaveLength(1);
    redis.process.kill('SIGCONT');
    await condition('limits are shared again', async () => {
      await one.allowed('b');
      return one.said.length === 2;
    });
  });

  test('a Redis that never answered fails no request', async () => {
    await redis.stop();
    const one = limiterOn('validate=50/600');
    expect(passed(await times(100, () => one.allowed()))).toBe(50);
  });
});
