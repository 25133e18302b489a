import type { EventLoopUtilization } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Activity, createActivity } from '../../../src/api/admission/activity.ts';
import { createFairQueue } from '../../../src/api/admission/fair-queue.ts';
import { createRests } from '../../../src/api/admission/rests.ts';
import type { Share } from '../../../src/api/admission/shares.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const share: Share = { weight: 1, aloneMax: 16, sharedMax: 16, presentMax: 100 };

/** Returns the rests of a process whose event loop works for this part of the time. By default, other tenants are active. */
const restsAt = (utilization: number, activity: Activity = { note: () => undefined, hasOthers: () => true }) =>
  createRests({
    activity,
    nowMs: Date.now,
    utilization: (): EventLoopUtilization => ({ idle: 0, active: 0, utilization }),
  });

/** Returns what sends a request of a tenant in such a process, with one place per tenant. */
const queueAt = (utilization: number) => {
  const activity = createActivity(Date.now);
  const options = { waitMsMax: 60_000, activity, rests: restsAt(utilization, activity) };
  const queue = createFairQueue({ runningMax: 10_000, presentMax: 1_000 }, options);
  return (tenant: string) => {
    const ticket = queue.enter(tenant, share);
    if (typeof ticket === 'string') throw new Error(`${tenant} is ${ticket}.`);
    const request = { ticket, hasBegun: false };
    const turn = ticket.take(16, () => new AbortController().signal);
    if (turn === null) request.hasBegun = true;
    else void turn.then((end) => Object.assign(request, { hasBegun: end === 'begun' }));
    return request;
  };
};

/** Lets a tenant work, 20 ms at a time, until it has to rest, at most 30 times. Returns how often, and the next request. */
const workUntilRest = async (send: ReturnType<typeof queueAt>) => {
  await pass(250);
  for (let times = 1; ; times += 1) {
    send('quiet').ticket.leave();
    const request = send('noisy');
    if (!request.hasBegun || times === 30) return { times, next: request };
    await pass(20);
    request.ticket.leave();
  }
};

test('In a busy process, a tenant rests after its work while another one is active, and then goes on', async () => {
  const send = queueAt(1);
  // The two before owe 160 ms of rest. Of these 20 have passed by then, and 100 may be owed.
  const { times, next } = await workUntilRest(send);
  expect(times).toBe(3);
  const quiet = send('quiet');
  expect(quiet.hasBegun).toBe(true);
  quiet.ticket.leave();
  await pass(39);
  expect(next.hasBegun).toBe(false);
  await pass(2);
  expect(next.hasBegun).toBe(true);
});

test('Nobody rests in a process with time to spare', async () => {
  expect((await workUntilRest(queueAt(0.1))).times).toBe(30);
});

test('A rest counts only while another tenant is active', async () => {
  const rests = restsAt(1, { note: () => undefined, hasOthers: (tenant) => tenant !== 'alone' });
  await pass(250);
  for (const tenant of ['alone', 'noisy']) for (let times = 0; times < 3; times += 1) rests.owe(tenant, 20, 1);
  expect([rests.msLeft('alone'), rests.msLeft('noisy')]).toEqual([0, 140]);
});

test('Of requests that are worked on at the same time, each counts in proportion', async () => {
  const rests = restsAt(1);
  await pass(250);
  for (let times = 0; times < 12; times += 1) rests.owe('quiet', 20, 4);
  expect(rests.msLeft('quiet')).toBe(140);
});

test('A request counts at most 20 ms, because one that takes long waits for a server', async () => {
  const rests = restsAt(1);
  await pass(250);
  rests.owe('waiting', 2_000, 1);
  expect(rests.msLeft('waiting')).toBe(0);
  rests.owe('waiting', 2_000, 1);
  expect(rests.msLeft('waiting')).toBe(60);
});

test('The rest grows with how busy the event loop was lately', async () => {
  const leftAt = async (utilization: number, quietMs: number) => {
    const rests = restsAt(utilization);
    await pass(quietMs);
    for (let times = 0; times < 10; times += 1) rests.owe('noisy', 20, 1);
    return Math.round(rests.msLeft('noisy'));
  };
  const left = [];
  for (const utilization of [0.05, 0.1, 0.225, 0.35, 0.9]) left.push(await leftAt(utilization, 250));
  expect(left).toEqual([0, 0, 300, 700, 700]);
  expect(await leftAt(0.9, 500)).toBe(0);
});
