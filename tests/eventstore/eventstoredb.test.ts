import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppendTooLarge, OutcomeUnknown, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { type ConnectedStore, connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { newStream, noted, notes, type RunningStore, startStore } from '../support/event-store.ts';
import { startProxy } from '../support/proxy.ts';
import { sized } from '../support/size.ts';
import { describeEventStore } from './contract.ts';

let running: RunningStore;
let store: ConnectedStore;

beforeAll(async () => {
  running = await startStore();
  store = running.connect({ watch: { idleMs: 20, pollMs: 50 } });
});

afterAll(() => running.stop());

describeEventStore('EventStoreDB', () => store, { pageEvents: 1_000 });

describe('when the answer to an append does not come', () => {
  test('the outcome is unknown after the time given, and a repeat tells what it was', async () => {
    const stream = newStream();
    const events = notes(2);
    running.server.faults.dropReplies = 1;

    await expect(store.append(stream, events, 'no_stream', { timeoutMs: 200 })).rejects.toThrow(OutcomeUnknown);
    expect(await store.append(stream, events, 'no_stream', { timeoutMs: 5_000 })).toMatchObject({ revision: 1n });
    expect((await store.read(stream)).events).toHaveLength(2);
  });

  test('the outcome is unknown when the connection is reset', async () => {
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port });
    await distant.append(newStream(), notes(1), 'no_stream', { timeoutMs: 5_000 });
    running.server.faults.dropReplies = 1;

    const stream = newStream();
    const appended = distant.append(stream, notes(1), 'no_stream', { timeoutMs: 20_000 });
    await expect.poll(() => running.server.faults.dropReplies, { timeout: 20_000 }).toBe(0);
    proxy.cut();
    await expect(appended).rejects.toThrow(OutcomeUnknown);
    expect((await distant.read(stream)).events).toHaveLength(1);
    await proxy.stop();
  });

  test('the outcome is unknown, and soon, when the network goes silent', async () => {
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port, readTimeoutMs: 200 });
    await distant.append(newStream(), notes(1), 'no_stream', { timeoutMs: 5_000 });

    proxy.blackhole();
    await expect(distant.append(newStream(), notes(1), 'no_stream', { timeoutMs: 200 })).rejects.toThrow(
      OutcomeUnknown,
    );
    await expect(distant.read(newStream())).rejects.toThrow(StoreUnavailable);
    await proxy.stop();
  });

  test('repeating it writes every event exactly once, however often it happens', async () => {
    const stream = newStream();
    const count = sized(1_000);
    for (let number = 0; number < count; number++) {
      const expected = number === 0 ? 'no_stream' : BigInt(number - 1);
      const event = noted(number);
      running.server.faults.dropReplies = 1;
      // Until one has reached the server: twenty milliseconds may be over before anything was sent.
      while (running.server.faults.dropReplies > 0)
        await store
          .append(stream, [event], expected, { timeoutMs: 20 })
          .catch((error: unknown) => expect(error).toBeInstanceOf(OutcomeUnknown));
      await store.append(stream, [event], expected, { timeoutMs: 5_000 });
    }
    const { events } = await store.read(stream);
    expect(events.map(({ data }) => data.number)).toEqual(Array.from({ length: count }, (_, number) => number));
  });
});

describe('when a stream does not exist', () => {
  test('reading it does not cancel the call, because servers close connections that cancel often', async () => {
    const { faults } = running.server;
    const other = newStream();
    await store.append(other, notes(1), 'no_stream', { timeoutMs: 5_000 });
    faults.readEndDelayMs = 20;
    const before = faults.cancelledReads;
    expect(await store.read(newStream())).toEqual({ revision: 'no_stream', events: [] });
    // A read of events waits for the end of its call, so it ends after the call before it.
    await store.read(other);
    faults.readEndDelayMs = 0;
    expect(faults.cancelledReads).toBe(before);
  });
});

describe('when the store refuses', () => {
  test('an append that is too large is refused for its size, and the next one is taken', async () => {
    const large = { ...noted(0), data: { text: 'x'.repeat(2_000_000) } };
    const stream = newStream();
    await expect(store.append(stream, [large], 'no_stream', { timeoutMs: 5_000 })).rejects.toThrow(AppendTooLarge);
    expect(await store.append(stream, notes(1), 'no_stream', { timeoutMs: 5_000 })).toMatchObject({ revision: 0n });
  });

  test('a store that cannot be reached is unavailable to readers', async () => {
    const nobody = running.connect({ port: 1, readTimeoutMs: 1_000 });
    await expect(nobody.read(newStream())).rejects.toThrow(StoreUnavailable);
    await expect(nobody.head({ timeoutMs: 1_000 })).rejects.toThrow(StoreUnavailable);
  });

  test('TLS without a login is refused at once, with what to do', () => {
    expect(() => connectEventStore({ url: 'esdb://db.example:2113' })).toThrow('user:password@host');
    expect(() => connectEventStore({ url: 'esdb://ledger:secret@db.example:2113' })).not.toThrow();
  });
});
