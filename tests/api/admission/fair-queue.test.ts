import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActivity } from '../../../src/api/admission/activity.ts';
import { createFairQueue, type FairQueue, type Ticket } from '../../../src/api/admission/fair-queue.ts';
import { type Share, shares, totals } from '../../../src/api/admission/shares.ts';
import { tiers } from '../../../src/domain/license/policy.ts';

const share = (over: Partial<Share> = {}): Share => ({
  weight: 1,
  aloneMax: 16,
  sharedMax: 16,
  presentMax: 100,
  ...over,
});
const open = () => new AbortController().signal;
const enter = (queue: FairQueue, tenant: string, of = share()): Ticket => {
  const entered = queue.enter(tenant, of);
  if (typeof entered === 'string') throw new Error(`${tenant} is ${entered}.`);
  return entered;
};

/** A queue and the order in which requests began. `end` ends the oldest running request of a tenant. */
const observed = (runningMax: number, waitMsMax = 60_000) => {
  const queue = createFairQueue({ runningMax, presentMax: 10_000 }, { waitMsMax });
  const begun: string[] = [];
  const running: { readonly tenant: string; readonly ticket: Ticket }[] = [];
  const send = (tenant: string, of = share(), units = 8, signal = open()) => {
    const ticket = enter(queue, tenant, of);
    const start = () => {
      begun.push(tenant);
      running.push({ tenant, ticket });
    };
    const turn = ticket.take(units, () => signal);
    if (turn === null) start();
    else void turn.then((result) => (result === 'begun' ? start() : ticket.leave()));
    return { turn };
  };
  const end = async (tenant?: string) => {
    const at = running.findIndex((one) => tenant === undefined || one.tenant === tenant);
    running.splice(at, 1)[0]?.ticket.leave();
    await settled();
  };
  return { queue, begun, running, send, end };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('A tenant has its share of turns, and another tenant does not wait for it', () => {
  const { begun, send } = observed(32);
  for (let at = 0; at < 10; at += 1) send('a');
  expect(begun).toEqual(['a', 'a']);
  expect(send('b').turn).toBeNull();
});

test('A tenant has more turns while it is the only active one', async () => {
  let nowMs = 0;
  const queue = createFairQueue(
    { runningMax: 64, presentMax: 100 },
    { waitMsMax: 60_000, activity: createActivity(() => nowMs) },
  );
  const mine = share({ aloneMax: 32, sharedMax: 8 });
  const begins = (tenant: string) => {
    const ticket = enter(queue, tenant, mine);
    return { ticket, isBegun: ticket.take(8, open) === null };
  };
  const alone = Array.from({ length: 4 }, () => begins('a'));
  expect(alone.map(({ isBegun }) => isBegun)).toEqual([true, true, true, true]);
  expect(begins('b').isBegun).toBe(true);
  for (const { ticket } of alone) ticket.leave();
  expect([begins('a').isBegun, begins('a').isBegun]).toEqual([true, false]);
  // The other one has been quiet for a second.
  nowMs = 1_000;
  const working = enter(queue, 'a', mine).take(8, open);
  expect(await working).toBe('begun');
});

test('A tenant that comes late has its turn after one round, however many requests wait', async () => {
  const { begun, send, end } = observed(16);
  for (let at = 0; at < 50; at += 1) send('a');
  send('b');
  await end('a');
  await end('a');
  expect(begun.slice(2)).toContain('b');
});

test('Waiting tenants get turns in proportion to their weights', async () => {
  const { begun, send, end } = observed(8);
  const paying = share({ weight: 4 });
  for (let at = 0; at < 100; at += 1) {
    send('free');
    send('paying', paying);
  }
  for (let at = 0; at < 60; at += 1) await end();
  const free = begun.filter((one) => one === 'free').length;
  expect([11, 12, 13]).toContain(free);
});

test('A heavy request of one tenant is not overtaken for ever by light ones of others', async () => {
  const { begun, send, end } = observed(32);
  for (let at = 0; at < 4; at += 1) send('light', share({ aloneMax: 32, sharedMax: 32 }), 8);
  send('heavy', share(), 32);
  for (let at = 0; at < 20; at += 1) {
    send('light', share({ aloneMax: 32, sharedMax: 32 }), 8);
    if (at % 5 === 4) await end('light');
  }
  for (let at = 0; at < 4; at += 1) await end('light');
  expect(begun).toContain('heavy');
});

test('A request that is larger than the share of its tenant runs alone', async () => {
  const { begun, send, end } = observed(64);
  send('a', share(), 32);
  send('a', share(), 8);
  expect(begun).toEqual(['a']);
  await end('a');
  expect(begun).toEqual(['a', 'a']);
});

test('A tenant with its most requests in the process gets no further one in until one has left', () => {
  const queue = createFairQueue({ runningMax: 8, presentMax: 5 }, { waitMsMax: 60_000 });
  const mine = share({ presentMax: 2 });
  const first = enter(queue, 'a', mine);
  enter(queue, 'a', mine);
  expect(queue.enter('a', mine)).toBe('tenant_full');
  first.leave();
  first.leave();
  enter(queue, 'a', mine);
  expect(queue.enter('a', mine)).toBe('tenant_full');
  for (const tenant of ['b', 'c', 'd']) enter(queue, tenant, mine);
  expect(queue.enter('e', mine)).toBe('all_full');
});

test('The place of a client that leaves goes to the next one', async () => {
  const { begun, running, send, end } = observed(8);
  const client = new AbortController();
  send('a');
  const { turn } = send('b', share(), 8, client.signal);
  send('c');
  client.abort();
  expect(await turn).toBe('left');
  await end('a');
  expect(begun).toEqual(['a', 'c']);
  expect(running.map(({ tenant }) => tenant)).toEqual(['c']);
});

test('A turn that does not come in time is given up', async () => {
  const { queue, send, end, begun } = observed(8, 1);
  send('a');
  expect(await send('b').turn).toBe('expired');
  await end('a');
  expect(begun).toEqual(['a']);
  expect(enter(queue, 'b').take(8, open)).toBeNull();
});

test('In every order of calls, no limit is exceeded, every request gets its turn, and nothing remains', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('send' as const),
      tenant: fc.constantFrom(...tiers),
      units: fc.constantFrom(1, 16, 64),
    }),
    fc.record({ kind: fc.constant('end' as const), at: fc.nat(50) }),
    fc.record({ kind: fc.constant('leave' as const), at: fc.nat(50) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const queue = createFairQueue(totals.known.work, { waitMsMax: 60_000 });
      type Request = { tenant: (typeof tiers)[number]; units: number; ticket: Ticket; client: AbortController };
      const running = new Set<Request>();
      const waiting = new Set<Request>();
      const unitsOf = (requests: Iterable<Request>) => [...requests].reduce((sum, { units }) => sum + units, 0);
      const end = (set: Set<Request>, at: number) => [...set][at % Math.max(1, set.size)];
      for (const one of steps) {
        if (one.kind === 'send') {
          const client = new AbortController();
          const ticket = enter(queue, one.tenant, shares[one.tenant]);
          const request: Request = { tenant: one.tenant, units: one.units, ticket, client };
          const turn = ticket.take(one.units, () => client.signal);
          (turn === null ? running : waiting).add(request);
          void turn?.then((result) => {
            waiting.delete(request);
            if (result === 'begun') running.add(request);
            else ticket.leave();
          });
        } else if (one.kind === 'end') {
          const request = end(running, one.at);
          if (request === undefined) continue;
          running.delete(request);
          request.ticket.leave();
        } else end(waiting, one.at)?.client.abort();
        await settled();
        expect(unitsOf(running)).toBeLessThanOrEqual(totals.known.work.runningMax);
        for (const tier of tiers) {
          const own = [...running].filter(({ tenant }) => tenant === tier);
          expect(unitsOf(own)).toBeLessThanOrEqual(Math.max(64, shares[tier].aloneMax));
        }
      }
      while (running.size > 0 || waiting.size > 0) {
        const request = end(running, 0);
        if (request === undefined) throw new Error('Requests wait although nothing is running.');
        running.delete(request);
        request.ticket.leave();
        await settled();
      }
      for (const tier of tiers) expect(enter(queue, tier, shares[tier]).take(64, open)).toBeNull();
    }),
    { numRuns: 60 },
  );
});
