import { expect, test } from 'vitest';
import { createFairGate } from '../../src/async/fair-gate.ts';

test('At most so many works run at a time, and keys take turns', async () => {
  const gate = createFairGate(2);
  const order: string[] = [];
  let [running, runningMost] = [0, 0];
  const work = (name: string) => async () => {
    running += 1;
    runningMost = Math.max(runningMost, running);
    order.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return name;
  };
  const results = Promise.all(
    ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => gate(name.slice(0, 1), work(name))),
  );
  expect(await results).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
  expect(order).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2']);
  expect(runningMost).toBe(2);
});

test('A work that fails lets the next one run', async () => {
  const gate = createFairGate(1);
  const failing = gate('a', () => Promise.reject(new Error('failed')));
  const next = gate('a', async () => 'done');
  await expect(failing).rejects.toThrow('failed');
  expect(await next).toBe('done');
});
