import { expect, test } from 'vitest';
import { watchAppends } from '../../../src/cli/health/watch-appends.ts';
import { type EventStore, StoreFull } from '../../../src/eventstore/event-store.ts';

test('A full disk is reported until an append succeeds, or for a minute without another append', async () => {
  let isFull = true;
  let nowMs = 0;
  const append = async () => {
    if (isFull) throw new StoreFull('No space left on device');
  };
  const { store, isDiskFull } = watchAppends({ append } as unknown as EventStore, () => nowMs);
  const attempt = () => store.append('license-1', [], 'new' as never, { timeoutMs: 1 }).catch(() => undefined);
  expect(isDiskFull()).toBe(false);
  await attempt();
  nowMs = 59_999;
  expect(isDiskFull()).toBe(true);
  nowMs = 60_000;
  expect(isDiskFull()).toBe(false);
  await attempt();
  expect(isDiskFull()).toBe(true);
  isFull = false;
  await attempt();
  expect(isDiskFull()).toBe(false);
});
