import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { endSubscriptions } from '../../src/embedded/eventstore/faults.ts';
import { startEventStore } from '../../src/embedded/eventstore/server.ts';
import { type EventStore, type Idle, type Recorded, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { createDatabase } from '../support/database.ts';
import { newStream, notes, type RunningStore, startStore } from '../support/event-store.ts';
import { startProxy } from '../support/proxy.ts';
import { sized } from '../support/size.ts';

// Other work may slow the machine down. So the tests check how a subscription ends, not when.
const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 20_000, interval: 10 });

// Long enough that a busy machine does not count as a hang, and short enough to wait for one.
const watch = { idleMs: 20, pollMs: 50, silenceMs: 2_000 };
const appending = { timeoutMs: 5_000 };

let running: RunningStore;
let store: EventStore;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  running = await startStore();
  store = running.connect({ watch });
});

beforeEach(() => eventually(() => running.server.faults.openSubscriptions.size).toBe(0));

afterEach(() => {
  running.server.faults.subscriptionsHang = false;
  running.server.faults.refuseReads = undefined;
  expect(unhandled).toEqual([]);
});

afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await running.stop();
});

/** Follows in the background. `ended` resolves with the error, or with `stopped`. */
const following = (from: EventStore, prefix: string, onNext: (next: Recorded | Idle) => unknown = () => {}) => {
  const stop = new AbortController();
  const seen: (Recorded | Idle)[] = [];
  const run = async (): Promise<unknown> => {
    try {
      for await (const next of from.follow('start', { streamPrefixes: [prefix], signal: stop.signal })) {
        seen.push(next);
        await onNext(next);
      }
      return 'stopped';
    } catch (error) {
      return error;
    }
  };
  const revisions = () => seen.flatMap((next) => ('idle' in next ? [] : [next.revision]));
  return { ended: run(), revisions, isIdle: () => seen.some((next) => 'idle' in next), stop: () => stop.abort() };
};

test('A subscription that the server ends with OK ends with an error', async () => {
  const stream = newStream('polite');
  await store.append(stream, notes(2), 'no_stream', appending);
  const { ended, revisions } = following(store, stream);
  await eventually(revisions).toEqual([0n, 1n]);

  endSubscriptions(running.server.faults);
  expect(await ended).toEqual(expect.any(StoreUnavailable));
});

test('A subscription ends with an error when its connection is reset', async () => {
  const proxy = await startProxy(running.server.port);
  const stream = newStream('reset');
  await store.append(stream, notes(2), 'no_stream', appending);
  const { ended, revisions } = following(running.connect({ watch, port: proxy.port }), stream);
  await eventually(revisions).toEqual([0n, 1n]);

  proxy.cut();
  expect(await ended).toEqual(expect.any(StoreUnavailable));
  await proxy.stop();
});

test('A subscription ends with an error when the server stops', async () => {
  const database = await createDatabase();
  const server = await startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 });
  const stream = newStream('stopping');
  const distant = running.connect({ watch, port: server.port });
  await distant.append(stream, notes(1), 'no_stream', appending);
  const { ended, revisions } = following(distant, stream);
  await eventually(revisions).toEqual([0n]);

  await server.stop();
  expect(await ended).toEqual(expect.any(StoreUnavailable));
  await database.drop();
});

test('A subscription ends with an error when the server cannot be reached or refuses it', async () => {
  expect(await following(running.connect({ watch, port: 1 }), 'nobody').ended).toEqual(expect.any(StoreUnavailable));

  running.server.faults.refuseReads = { code: 13, details: 'refused on purpose' };
  expect(await following(store, 'nobody').ended).toEqual(expect.any(StoreUnavailable));
});

test('A subscription that hangs ends with an error once an event is overdue', async () => {
  const stream = newStream('hanging');
  await store.append(stream, notes(1), 'no_stream', appending);
  const { ended, revisions, isIdle } = following(store, stream);
  await eventually(isIdle).toBe(true);

  running.server.faults.subscriptionsHang = true;
  await store.append(stream, notes(1), 0n, appending);
  expect(await ended).toMatchObject({ message: expect.stringContaining('hangs') });
  expect(revisions()).toEqual([0n]);
});

test('A subscription ends with an error when the network goes silent', async () => {
  const proxy = await startProxy(running.server.port);
  const stream = newStream('silent');
  const { ended, isIdle } = following(running.connect({ watch, port: proxy.port }), stream);
  await store.append(stream, notes(1), 'no_stream', appending);
  await eventually(isIdle).toBe(true);

  proxy.blackhole();
  expect(await ended).toEqual(expect.any(StoreUnavailable));
  await proxy.stop();
});

test('A subscription without matching events does not count as hanging and reports the end of the log', async () => {
  const stream = newStream('quiet');
  await store.append(stream, notes(1), 'no_stream', appending);
  const heads: bigint[] = [];
  const { ended, revisions, stop } = following(store, stream, (next) => 'idle' in next && heads.push(next.head.commit));
  await eventually(revisions).toEqual([0n]);

  running.server.faults.subscriptionsHang = true;
  // More events than one page of the log.
  const { position } = await store.append(newStream('other'), notes(250), 'no_stream', appending);
  await eventually(() => heads.at(-1)).toBe(position.commit);
  expect(heads.every((head, index) => index === 0 || head >= (heads[index - 1] ?? 0n))).toBe(true);
  stop();
  expect(await ended).toBe('stopped');
});

test('A subscription never reports a position beyond an event that it has not delivered', async () => {
  const prefix = newStream('interleaved');
  const seen: (Recorded | Idle)[] = [];
  const closely = { idleMs: 0, pollMs: 0, silenceMs: 600_000 };
  const { ended, revisions, stop } = following(running.connect({ watch: closely }), prefix, (next) => seen.push(next));
  const total = sized(2_000);
  for (let number = 0; number < total; number++) {
    await store.append(`${prefix}-${number}`, notes(1), 'no_stream', appending);
    await store.append(newStream('other'), notes(1), 'no_stream', appending);
  }
  await eventually(() => revisions().length).toBe(total);
  stop();
  expect(await ended).toBe('stopped');

  const commits = seen.map((next) => ('idle' in next ? next.head.commit : next.position.commit));
  const late = seen.filter(
    (next, index) => !('idle' in next) && commits.slice(0, index).some((commit) => commit >= next.position.commit),
  );
  expect(seen.some((next) => 'idle' in next)).toBe(true);
  expect(late).toEqual([]);
});

test('A slow reader does not count as a hang and gets every event', async () => {
  const stream = newStream('slow');
  const total = 3_000;
  await store.append(stream, notes(total), 'no_stream', appending);
  let resume = () => {};
  const paused = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const { ended, revisions, stop } = following(store, stream, (next) => ('idle' in next ? undefined : paused));
  await eventually(revisions).toEqual([0n]);
  await store.append(stream, notes(1), BigInt(total - 1), appending);

  resume();
  await eventually(() => revisions().length).toBe(total + 1);
  stop();
  expect(await ended).toBe('stopped');
});

test('A stop ends a subscription at once, whatever it does, and leaves no call open', async () => {
  const stream = newStream('stopped');
  await store.append(stream, notes(3), 'no_stream', appending);
  const waiting = following(store, stream);
  const reading = following(running.connect({ watch: { ...watch, idleMs: 0, pollMs: 0 } }), stream);
  await eventually(waiting.isIdle).toBe(true);
  await eventually(reading.isIdle).toBe(true);
  expect(running.server.faults.openSubscriptions.size).toBe(2);

  waiting.stop();
  reading.stop();
  expect(await Promise.all([waiting.ended, reading.ended])).toEqual(['stopped', 'stopped']);
  await eventually(() => running.server.faults.openSubscriptions.size).toBe(0);

  const stopped = new AbortController();
  stopped.abort();
  for await (const next of store.follow('start', { streamPrefixes: [stream], signal: stopped.signal }))
    throw new Error(`A stopped subscription delivered ${next}.`);
});

test('A stop ends a subscription at once when the network is silent', async () => {
  const proxy = await startProxy(running.server.port);
  const distant = running.connect({ watch: { idleMs: 20, pollMs: 20, silenceMs: 600_000 }, port: proxy.port });
  const { ended, isIdle, stop } = following(distant, newStream('silent'));
  await store.append(newStream('other'), notes(1), 'no_stream', appending);
  await eventually(isIdle).toBe(true);

  proxy.blackhole();
  stop();
  expect(await ended).toBe('stopped');
  await proxy.stop();
});

test('A reader that leaves the loop leaves no call open', async () => {
  const stream = newStream('left');
  await store.append(stream, notes(3), 'no_stream', appending);
  for await (const _ of store.follow('start', { streamPrefixes: [stream], signal: new AbortController().signal }))
    break;
  await eventually(() => running.server.faults.openSubscriptions.size).toBe(0);
});

test('Closing the store ends its subscriptions', async () => {
  const closing = running.connect({ watch });
  const { ended, isIdle } = following(closing, newStream('closing'));
  await eventually(isIdle).toBe(true);
  await closing.close();
  expect(await ended).toBe('stopped');
});
