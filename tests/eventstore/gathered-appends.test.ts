import { EventEmitter } from 'node:events';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { OutcomeUnknown, RevisionConflict, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import type { ConnectedStore } from '../../src/eventstore/eventstoredb.ts';
import { newStream, noted, notes, type RunningStore, startOwnStore } from '../support/event-store.ts';
import { startProxy } from '../support/proxy.ts';

let running: RunningStore;
let store: ConnectedStore;

beforeAll(async () => {
  running = await startOwnStore();
  store = running.connect({ gathersAppends: true });
});

afterEach(() => {
  Object.assign(running.server.faults, { dropReplies: 0, replyDelayMs: 0, refuseAppends: undefined });
  vi.restoreAllMocks();
});

/** Returns what tells how many calls of each kind this process has made since then. */
const countCalls = () => {
  const gathered = vi.spyOn(StreamsClient.prototype, 'batchAppend');
  const single = vi.spyOn(StreamsClient.prototype, 'append');
  return () => ({ gathered: gathered.mock.calls.length, single: single.mock.calls.length });
};

afterAll(() => running.stop());

const options = { timeoutMs: 10_000 };
const outcomes = (appends: readonly Promise<unknown>[]) =>
  Promise.all(
    appends.map((append) =>
      append.then(
        () => 'stored' as const,
        (error: unknown) => error,
      ),
    ),
  );

describe('Appends of many streams over one call:', () => {
  test('each gets its own result, also next to appends that are refused', async () => {
    const taken = newStream();
    await running.connect().append(taken, notes(2), 'no_stream', options);
    const streams = Array.from({ length: 60 }, () => newStream());
    const made = countCalls();
    const appends = streams.flatMap((stream, number) => [
      store.append(stream, notes((number % 3) + 1), 'no_stream', options),
      store.append(taken, [noted(number)], 'no_stream', options),
    ]);
    const settled = await Promise.allSettled(appends);
    expect(made()).toEqual({ gathered: 1, single: 0 });
    for (const [place, stream] of streams.entries()) {
      const last = BigInt(place % 3);
      const { events } = await store.read(stream);
      expect(settled[place * 2]).toEqual({
        status: 'fulfilled',
        value: { revision: last, position: events.at(-1)?.position },
      });
      expect(settled[place * 2 + 1]).toMatchObject({ status: 'rejected', reason: expect.any(RevisionConflict) });
    }
    expect((await store.read(taken)).events).toHaveLength(2);
  });

  test('an event without a JSON form fails alone', async () => {
    const broken = { ...noted(1), data: { number: 1n as unknown as number } };
    const [good, bad] = await outcomes([
      store.append(newStream(), notes(1), 'no_stream', options),
      store.append(newStream(), [broken], 'no_stream', options),
    ]);
    expect(good).toBe('stored');
    expect(bad).toBeInstanceOf(TypeError);
  });
});

describe('When the call ends,', () => {
  test('every append without an answer is unknown, and repetitions store each event once', async () => {
    const { faults } = running.server;
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port, gathersAppends: true });
    await distant.append(newStream(), notes(1), 'no_stream', options);
    const appends = Array.from({ length: 50 }, (_, number) => ({ stream: newStream(), events: [noted(number)] }));
    const sendAll = () => appends.map(({ stream, events }) => distant.append(stream, events, 'no_stream', options));
    faults.dropReplies = 50;
    const first = outcomes(sendAll());
    await expect.poll(() => faults.dropReplies, { timeout: 20_000 }).toBe(0);
    proxy.cut();
    for (const outcome of await first) expect(outcome).toBeInstanceOf(OutcomeUnknown);
    expect(await outcomes(sendAll())).toEqual(appends.map(() => 'stored'));
    for (const { stream, events } of appends)
      expect((await store.read(stream)).events.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    await proxy.stop();
  });

  test('the appends of another client of the process are not concerned', async () => {
    const { faults } = running.server;
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port, gathersAppends: true });
    await Promise.all([store, distant].map((one) => one.append(newStream(), notes(1), 'no_stream', options)));
    faults.dropReplies = 1;
    const lost = outcomes([distant.append(newStream(), notes(1), 'no_stream', options)]);
    await expect.poll(() => faults.dropReplies, { timeout: 20_000 }).toBe(0);
    faults.replyDelayMs = 200;
    const slow = store.append(newStream(), notes(1), 'no_stream', options);
    proxy.cut();
    expect(await lost).toEqual([expect.any(OutcomeUnknown)]);
    expect(await slow).toMatchObject({ revision: 0n });
    await proxy.stop();
  });

  test('a server that refuses every call makes outcomes unknown, and later appends succeed again', async () => {
    const { faults } = running.server;
    faults.refuseAppends = { code: status.UNAVAILABLE, details: 'Not now' };
    const streams = Array.from({ length: 5 }, () => newStream());
    const appendAll = () => streams.map((stream) => store.append(stream, notes(1), 'no_stream', options));
    for (const outcome of await outcomes(appendAll())) expect(outcome).toBeInstanceOf(OutcomeUnknown);
    faults.refuseAppends = undefined;
    const made = countCalls();
    expect(await outcomes(appendAll())).toEqual(streams.map(() => 'stored'));
    expect(made()).toEqual({ gathered: 0, single: 5 });
    expect(await outcomes([store.append(newStream(), notes(1), 'no_stream', options)])).toEqual(['stored']);
    expect(made()).toEqual({ gathered: 1, single: 5 });
  });

  test('closing the store ends it, and an append without an answer is unknown', async () => {
    const { faults } = running.server;
    const closing = running.connect({ gathersAppends: true });
    await closing.append(newStream(), notes(1), 'no_stream', options);
    faults.dropReplies = 1;
    const lost = outcomes([closing.append(newStream(), notes(1), 'no_stream', options)]);
    await expect.poll(() => faults.dropReplies, { timeout: 20_000 }).toBe(0);
    await closing.close();
    expect(await lost).toEqual([expect.any(OutcomeUnknown)]);
  });

  test('and the store was closed, no other call begins', async () => {
    const closing = running.connect({ gathersAppends: true });
    await closing.append(newStream(), notes(1), 'no_stream', options);
    const made = countCalls();
    const closed = closing.close();
    await expect(closing.append(newStream(), notes(1), 'no_stream', options)).rejects.toThrow(OutcomeUnknown);
    await closed;
    expect(made()).toEqual({ gathered: 0, single: 0 });
  });

  test('because its channel is shut down, an append is unknown', async () => {
    const shut = running.connect({ gathersAppends: true });
    vi.spyOn(StreamsClient.prototype, 'batchAppend').mockImplementationOnce(() => {
      throw new Error('Channel has been shut down');
    });
    await expect(shut.append(newStream(), notes(1), 'no_stream', options)).rejects.toThrow(OutcomeUnknown);
  });
});

describe('When an answer is late,', () => {
  test('the outcome is unknown, the late answer changes nothing, and a repetition gets the result', async () => {
    const { faults } = running.server;
    const [stream, events] = [newStream(), notes(1)];
    faults.replyDelayMs = 600;
    const late = outcomes([store.append(stream, events, 'no_stream', { timeoutMs: 100 })]);
    const inTime = store.append(newStream(), notes(3), 'no_stream', options);
    expect(await late).toEqual([expect.any(OutcomeUnknown)]);
    faults.replyDelayMs = 0;
    expect(await store.append(stream, events, 'no_stream', options)).toMatchObject({ revision: 0n });
    expect(await inTime).toMatchObject({ revision: 2n });
    expect((await store.read(stream)).events).toHaveLength(1);
  });

  test('because the server is silent, the call is cancelled, and the next gathered append goes over a new one', async () => {
    const other = running.connect({ gathersAppends: true });
    const made = countCalls();
    const silent = Object.assign(new EventEmitter(), { write: () => true, end: () => undefined, cancel: vi.fn() });
    vi.mocked(StreamsClient.prototype.batchAppend).mockImplementationOnce(() => silent as never);
    await expect(other.append(newStream(), notes(1), 'no_stream', { timeoutMs: 50 })).rejects.toThrow(OutcomeUnknown);
    expect(silent.cancel).toHaveBeenCalledOnce();
    for (let times = 0; times < 2; times++) await other.append(newStream(), notes(1), 'no_stream', options);
    expect(made()).toEqual({ gathered: 2, single: 1 });
  });
});

describe('A stream that takes no appends', () => {
  test('refuses a gathered append for certain', async () => {
    await expect(store.append('$$license-metadata', [{ ...noted(1), type: '' }], 'no_stream', options)).rejects.toThrow(
      StoreUnavailable,
    );
  });
});
