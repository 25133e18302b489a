import { expect, test } from 'vitest';
import { createKeyedQueue } from '../../src/async/keyed-queue.ts';

const longMs = 25_000;

test('Callers of one key enter one after the other, in the order of their calls', async () => {
  const queue = createKeyedQueue();
  const order: number[] = [];
  const enter = async (number: number) => {
    const leave = await queue.enter('a', longMs);
    order.push(number);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order.at(-1)).toBe(number);
    leave?.();
    // Leaving twice lets nobody else in.
    leave?.();
  };
  await Promise.all([1, 2, 3, 4].map(enter));
  expect(order).toEqual([1, 2, 3, 4]);
  expect(await queue.enter('a', 1)).not.toBeNull();
});

test('Callers of other keys do not wait', async () => {
  const queue = createKeyedQueue();
  await queue.enter('a', longMs);
  expect(await queue.enter('b', longMs)).not.toBeNull();
});

test('A caller that waits too long does not enter, and the next one does', async () => {
  const queue = createKeyedQueue();
  const leave = await queue.enter('a', longMs);
  const next = [queue.enter('a', 1), queue.enter('a', longMs)] as const;
  expect(await next[0]).toBeNull();
  leave?.();
  expect(await next[1]).not.toBeNull();
});
