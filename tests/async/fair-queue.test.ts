import { expect, onTestFinished, test, vi } from 'vitest';
import { createFairQueue, NotBegun } from '../../src/async/fair-queue.ts';

const limits = { runningMax: 2, runningMaxPerKey: 1, waitingMax: 6, waitingMaxPerKey: 4, waitMsMax: 60_000 };

/** A queue with works that the test ends by name. `begun` has their names in order. */
const openQueue = (over: Partial<typeof limits> = {}) => {
  const queue = createFairQueue({ ...limits, ...over });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string) => {
    const key = name.charAt(0);
    const outcome = queue.run(key, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
    // The tests that want the error get it from the outcome.
    outcome.catch(() => undefined);
    return outcome;
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { run, end, begun };
};

test('One key has its number of works at once, and the others go on', () => {
  const { run, begun } = openQueue();
  for (const name of ['a1', 'a2', 'a3', 'b1', 'c1']) void run(name);
  expect(begun).toEqual(['a1', 'b1']);
});

test('Keys take turns, however much one of them has', async () => {
  const { run, end, begun } = openQueue({ runningMax: 1 });
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) void run(name);
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await end(name);
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
});

test('A key with too much waiting work is refused, and its work that waits stays', async () => {
  const { run, end, begun } = openQueue();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void run(name);
  await expect(run('a6')).rejects.toMatchObject({ name: 'NotBegun', isOwn: true });
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) await end(name);
  expect(begun).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
});

test('When all places are taken, a newcomer takes the place of the newest work of the longest line', async () => {
  const { run, end, begun } = openQueue({ runningMax: 1 });
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) void run(name);
  const displaced = run('a5');
  void run('c1');
  await expect(displaced).rejects.toBeInstanceOf(NotBegun);
  for (const name of ['a1', 'a2', 'b1', 'c1']) await end(name);
  expect(begun.slice(0, 5)).toContain('c1');
});

test('Equal lines are not displaced by their own kind', async () => {
  const { run } = openQueue({ runningMax: 1, waitingMax: 2 });
  for (const name of ['a1', 'b1', 'c1']) void run(name);
  await expect(run('d1')).rejects.toMatchObject({ isOwn: false });
});

test('Work that waits for too long is refused', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { run, end, begun } = openQueue();
  const first = run('a1');
  const second = run('a2');
  vi.advanceTimersByTime(60_000);
  await expect(second).rejects.toMatchObject({ isOwn: true });
  await end('a1');
  expect(await first).toBe('a1');
  void run('a3');
  expect(begun).toEqual(['a1', 'a3']);
});

test('Work that fails gives its place to the next', async () => {
  const queue = createFairQueue({ ...limits, runningMax: 1 });
  const failing = queue.run('a', async () => {
    throw new Error('failed');
  });
  const next = queue.run('a', async () => 'done');
  await expect(failing).rejects.toThrow('failed');
  expect(await next).toBe('done');
});
