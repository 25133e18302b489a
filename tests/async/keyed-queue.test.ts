import { expect, test } from 'vitest';
import { createKeyedQueue, WaitedTooLong } from '../../src/async/keyed-queue.ts';

const never = () => new Promise<never>(() => {});

test('Work for one key runs alone, in the order of the calls, and its results and errors are passed on', async () => {
  const inTurn = createKeyedQueue();
  const order: number[] = [];
  const work = (number: number) => async () => {
    order.push(number);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order.at(-1)).toBe(number);
    if (number === 2) throw new Error('failed');
    return number;
  };
  const results = await Promise.allSettled([1, 2, 3, 4].map((number) => inTurn('a', work(number))));
  expect(order).toEqual([1, 2, 3, 4]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await inTurn('a', async () => 'again')).toBe('again');
});

test('Work for other keys does not wait', async () => {
  const inTurn = createKeyedQueue();
  void inTurn('a', never);
  expect(await inTurn('b', async () => 'done')).toBe('done');
});

test('Work that waits too long does not run, and the next one does', async () => {
  const inTurn = createKeyedQueue();
  let finish = () => {};
  const first = inTurn('a', () => new Promise<void>((resolve) => (finish = resolve)));
  let hasRun = false;
  const late = inTurn('a', async () => (hasRun = true), 1);
  const next = inTurn('a', async () => 'next');
  await expect(late).rejects.toThrow(WaitedTooLong);
  finish();
  await first;
  expect([await next, hasRun]).toEqual(['next', false]);
});
