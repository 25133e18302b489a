import { describe, expect, test } from 'vitest';
import { createRateLimiter, noRateLimits } from '../../../src/api/rate-limit/rate-limiter.ts';
import { rateLimitHeaders, refusalOf, together } from '../../../src/api/rate-limit/verdict.ts';
import {
  bucketOfTier,
  grownLimit,
  type KeyBucket,
  type Limits,
  parseLimits,
  standardLimits,
} from '../../../src/rate-limits.ts';
import { sized } from '../../support/size.ts';

const limitsOf = (text: string): Limits => {
  const limits = parseLimits(text);
  if ('fault' in limits) throw new Error(limits.fault);
  return limits;
};

const startOfWindow = 1_000 * 86_400_000;
const limiterWith = (overrides: string) => {
  const clock = { ms: startOfWindow };
  const refused: string[] = [];
  const limiter = createRateLimiter({
    limits: limitsOf(overrides),
    nowMs: () => clock.ms,
    redis: null,
    log: { warn: () => undefined },
    onRefused: (name) => refused.push(name),
  });
  return { clock, refused, ...limiter };
};

test('A quota applies to each key in its window and is full again in the next', async () => {
  const { take, clock, refused } = limiterWith('validate=3/60');
  const allowed = async (key: string) => (await take('validate', key)).refusedBy.length === 0;
  expect([await allowed('a'), await allowed('a'), await allowed('a'), await allowed('a')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(await allowed('b')).toBe(true);
  clock.ms += 59_999;
  expect(await allowed('a')).toBe(false);
  clock.ms += 1;
  expect(await allowed('a')).toBe(true);
  expect(refused).toEqual(['validate', 'validate']);
});

test('Exactly the quota of concurrent requests passes', async () => {
  const { take } = limiterWith('validate=100/60');
  const verdicts = await Promise.all(Array.from({ length: 1_000 }, () => take('validate', 'a')));
  expect(verdicts.filter(({ refusedBy }) => refusedBy.length === 0)).toHaveLength(100);
});

test('A request that one window refuses is not counted in longer windows', async () => {
  const { take, clock } = limiterWith('free=2/60,free_hour=5/3600,free_day=100/86400');
  const namesRefusing = async () => (await take('free', 'org')).refusedBy.map(({ limit }) => limit.name);
  for (const _ of [1, 2]) expect(await namesRefusing()).toEqual([]);
  for (const _ of [1, 2, 3, 4, 5, 6]) expect(await namesRefusing()).toEqual(['free']);
  const { standings } = await take('free', 'org');
  expect(standings.map(({ limit, remaining }) => [limit.name, remaining])).toEqual([
    ['free', 0],
    ['free_hour', 3],
    ['free_day', 98],
  ]);
  clock.ms += 60_000;
  for (const _ of [1, 2]) expect(await namesRefusing()).toEqual([]);
  clock.ms += 60_000;
  expect(await namesRefusing()).toEqual([]);
  expect(await namesRefusing()).toEqual(['free_hour']);
});

test('The headers name every limit with its quota, window, rest and time until reset', async () => {
  const { take, clock } = limiterWith('pro=2/60');
  clock.ms += 10_500;
  const verdict = together([await take('pro', 'org'), await take('activate', 'license')]);
  expect(rateLimitHeaders(verdict)).toEqual({
    'RateLimit-Policy': '"pro";q=2;w=60, "pro_hour";q=10000;w=3600, "pro_day";q=100000;w=86400, "activate";q=30;w=600',
    RateLimit: '"pro";r=1;t=50, "pro_hour";r=9999;t=3590, "pro_day";r=99999;t=86390, "activate";r=29;t=590',
  });
  expect(refusalOf(verdict)).toBeNull();
  await take('pro', 'org');
  const beyond = await take('pro', 'org');
  expect(refusalOf(beyond)).toMatchObject({
    problem: 'RATE_LIMITED',
    detail: 'The limit pro of 2 in 60 seconds is used up. Try again in 50 seconds.',
    headers: { 'Retry-After': '50' },
  });
  expect(rateLimitHeaders(beyond).RateLimit).toContain('"pro";r=0;t=50');
});

test('A list that is longer than the whole quota is refused without an instant to try again', async () => {
  const { take } = limiterWith('usage=600');
  const refusal = refusalOf(await take('usage', 'key', undefined, 601), 601);
  expect(refusal).toEqual({
    problem: 'RATE_LIMITED',
    detail:
      'The request has 601 records, and the limit usage allows 600 in 600 seconds. Send at most 600 records in a request, or ask the operator of the server to raise usage in RATE_LIMITS.',
  });
  await take('usage', 'key');
  expect(refusalOf(await take('usage', 'key', undefined, 600), 600)?.headers).toEqual({ 'Retry-After': '600' });
});

test('Each tier has its limits, and a trial has those of PRO', () => {
  expect((['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const).map(bucketOfTier)).toEqual([
    'free',
    'pro',
    'pro',
    'enterprise',
  ]);
});

test('Switched off, nothing is limited and there are no headers', async () => {
  const verdicts = await Promise.all(Array.from({ length: 2_000 }, () => noRateLimits.take('login', 'a')));
  expect(verdicts.map((verdict) => refusalOf(verdict)).filter((refusal) => refusal !== null)).toEqual([]);
  expect(rateLimitHeaders(together(verdicts))).toEqual({});
});

test('A flood of keys resets the window instead of filling the memory', async () => {
  const { take } = limiterWith('unknown_key=1/60');
  await take('unknown_key', 'first');
  expect((await take('unknown_key', 'first')).refusedBy).toHaveLength(1);
  const heapBefore = process.memoryUsage().heapUsed;
  for (let key = 0; key <= 200_001; key += 1) await take('unknown_key', String(key));
  expect((await take('unknown_key', 'first')).refusedBy).toHaveLength(0);
  for (let key = 0; key < sized(2_000_000); key += 1) await take('unknown_key', String(key));
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(300_000_000);
});

describe('The quota of a license key', () => {
  const quotaOf = (bucket: KeyBucket, devices: number) =>
    grownLimit(standardLimits[bucket], { devices, heartbeatSeconds: 120 }).quota;

  test.each([
    ['validate', [60, 60, 62, 2_000]],
    ['features', [60, 60, 62, 2_000]],
    ['activate', [30, 30, 31, 1_000]],
    ['deactivate', [30, 30, 31, 1_000]],
    ['seat_acquire', [200, 200, 200, 2_000]],
    ['seat_release', [200, 200, 200, 2_000]],
    // Each of them twice as often as every 120 seconds, for ten minutes.
    ['seat_heartbeat', [200, 300, 310, 10_000]],
    ['usage', [6_000, 6_000, 6_000, 60_000]],
  ] as const)('for %s grows with the license', (bucket, quotas) => {
    expect([0, 30, 31, 1_000].map((devices) => quotaOf(bucket, devices))).toEqual(quotas);
    expect(standardLimits[bucket].seconds).toBe(600);
  });

  test('admits a whole fleet at once, and is full again after ten minutes', async () => {
    const { take, clock } = limiterWith('pro=1/60');
    const size = { devices: 500, heartbeatSeconds: 120 };
    const passing = async (count: number) => {
      const verdicts = await Promise.all(Array.from({ length: count }, () => take('activate', 'key', size)));
      return verdicts.filter(({ refusedBy }) => refusedBy.length === 0).length;
    };
    expect(await passing(600)).toBe(500);
    expect((await take('activate', 'key', { ...size, devices: 501 })).refusedBy).toEqual([]);
    clock.ms += 599_999;
    expect(await passing(1)).toBe(0);
    clock.ms += 1;
    expect(await passing(600)).toBe(500);
  });
});
