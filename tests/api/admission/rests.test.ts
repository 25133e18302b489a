import type { EventLoopUtilization } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createActivity } from '../../../src/api/admission/activity.ts';
import { createFairQueue, type Ticket } from '../../../src/api/admission/fair-queue.ts';
import { createRests } from '../../../src/api/admission/rests.ts';
import type { Share } from '../../../src/api/admission/shares.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const share: Share = { weight: 1, aloneMax: 16, sharedMax: 16, presentMax: 100 };

/** The rests of a process whose event loop works this part of the time. */
const restsAt = (utilization: number) =>
  createRests(Date.now, (): EventLoopUtilization => ({ idle: 0, active: 0, utilization }));

/** A queue of one place per tenant. `send` takes a turn and returns its ticket, and whether the turn has begun. */
const queueAt = (utilization: number) => {
  const options = { waitMsMax: 60_000, activity: createActivity(Date.now), rests: restsAt(utilization) };
  const queue = createFairQueue({ runningMax: 10_000, presentMax: 1_000 }, options);
  return (tenant: string, units = 16) => {
    const ticket = queue.enter(tenant, share);
    if (typeof ticket === 'string') throw new Error(`${tenant} is ${ticket}.`);
    const request = { ticket: ticket as Ticket, hasBegun: false };
    const turn = ticket.take(units, () => new AbortController().signal);
    if (turn === null) request.hasBegun = true;
    else void turn.then((end) => Object.assign(request, { hasBegun: end === 'begun' }));
    return request;
  };
};

/**
 * Lets a tenant with requests that wait work, 20 ms at a time, until it has to rest, but at most 30 times. Returns how
 * often it worked, and its next request.
 */
const workUntilRest = async (send: ReturnType<typeof queueAt>, units = 16) => {
  await pass(250);
  let next = send('noisy', units);
  for (let times = 1; ; times += 1) {
    const running = next;
    next = send('noisy', units);
    send('quiet').ticket.leave();
    await pass(20);
    running.ticket.leave();
    await pass(0);
    if (!next.hasBegun || times === 30) return { times, next };
  }
};

test('In a busy process, a tenant rests after its work while another one is active, and then goes on', async () => {
  const send = queueAt(1);
  // Each time it works 20 ms and owes 30 of rest, of which 100 may come later.
  const { times, next } = await workUntilRest(send);
  expect(times).toBe(9);
  const quiet = send('quiet');
  expect(quiet.hasBegun).toBe(true);
  quiet.ticket.leave();
  await pass(9);
  expect(next.hasBegun).toBe(false);
  await pass(2);
  expect(next.hasBegun).toBe(true);
});

test('Heavier work is followed by a longer rest', async () => {
  expect((await workUntilRest(queueAt(1), 64)).times).toBe(1);
});

test('Nobody rests in a process with time to spare', async () => {
  expect((await workUntilRest(queueAt(0.3))).times).toBe(30);
});

test('A rest counts only while another tenant is active', async () => {
  const send = queueAt(1);
  const { next } = await workUntilRest(send, 640);
  await pass(990);
  expect(next.hasBegun).toBe(false);
  await pass(20);
  send('noisy');
  await pass(0);
  expect(next.hasBegun).toBe(true);
});

test('Of a request that waits for something else, only the first 20 ms count as work', () => {
  const rests = restsAt(1);
  vi.advanceTimersByTime(250);
  expect([rests.restMsAfter(16, 10), rests.restMsAfter(16, 20), rests.restMsAfter(16, 2_000)]).toEqual([15, 30, 30]);
});

test('The rest grows with how busy the event loop was', () => {
  const restMs = [0.2, 0.3, 0.5, 0.7, 0.9].map((utilization) => {
    const rests = restsAt(utilization);
    vi.advanceTimersByTime(250);
    return Math.round(rests.restMsAfter(16, 20));
  });
  expect(restMs).toEqual([0, 0, 15, 30, 30]);
});
