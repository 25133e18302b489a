import { expect, test } from 'vitest';
import { atMost } from '../../src/async/at-most.ts';

test('Work runs for several items at a time, never for more, and its results are in order', async () => {
  let [running, most] = [0, 0];
  const results = await atMost(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return item * 2;
  });
  expect([results, most]).toEqual([[2, 4, 6, 8, 10, 12, 14], 3]);
});

test('The first error ends the work, and no further item begins', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 2) throw new Error('failed');
  };
  await expect(atMost(2, [1, 2, 3, 4], work)).rejects.toThrow('failed');
  expect(begun).toEqual([1, 2]);
});
