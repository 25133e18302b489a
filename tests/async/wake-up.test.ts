import { expect, test } from 'vitest';
import { createWakeUp } from '../../src/async/wake-up.ts';

test('A caller that waits is woken', async () => {
  const { wait, wake } = createWakeUp();
  const waiting = wait();
  wake();
  expect(await waiting).toBe(true);
});

test('A wake-up while nobody waits ends the next wait, and only that one', async () => {
  const { wait, wake } = createWakeUp();
  wake();
  wake();
  expect(await wait()).toBe(true);
  expect(await wait(1)).toBe(false);
});

test('A wait that nobody ends lasts for its time', async () => {
  const { wait, wake } = createWakeUp();
  expect(await wait(1)).toBe(false);
  wake();
  expect(await wait(60_000)).toBe(true);
});
