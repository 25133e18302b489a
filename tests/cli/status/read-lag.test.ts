import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readLag } from '../../../src/cli/status/read-status.ts';
import type { EventStore, Idle, Recorded } from '../../../src/eventstore/event-store.ts';

const at = '2026-01-02T03:04:05.000Z';
const now = new Date('2026-01-02T03:04:15.000Z');
const position = (commit: bigint) => ({ commit, prepare: commit });
const event = (commit: bigint) => ({ position: position(commit), metadata: { recordedAt: at } }) as unknown as Recorded;

/** A store with the head 9 that sends these events, and then nothing until its reader leaves. */
const sending = (...events: readonly (Recorded | Idle)[]): Pick<EventStore, 'head' | 'follow'> => ({
  head: async () => position(9n),
  follow: async function* (_, { signal }) {
    yield* events;
    if (signal !== undefined && !signal.aborted) await once(signal, 'abort');
  },
});
const lagOf = (store: Pick<EventStore, 'head' | 'follow'>) => readLag(store, position(1n), { now, countingMs: 20 });

test('A lag that reaches the end of the log is exact', async () => {
  expect(await lagOf(sending(event(5n), event(9n)))).toEqual({ events: 2, seconds: 10, isAtLeast: false });
});

test('A lag that was not counted to the end is a lower bound', async () => {
  expect(await lagOf(sending(event(5n)))).toEqual({ events: 1, seconds: 10, isAtLeast: true });
});

test('A lag is unknown when the event store sends nothing', async () => {
  expect(await lagOf(sending())).toBe(null);
});

test('A lag counts on when the log goes on with events of others', async () => {
  const idle = (commit: bigint, isEnd: boolean) => ({ idle: true, head: position(commit), isEnd }) as const;
  const pausing = sending(event(5n), idle(6n, false), event(8n), idle(9n, true));
  expect(await lagOf(pausing)).toEqual({ events: 2, seconds: 10, isAtLeast: false });
});
