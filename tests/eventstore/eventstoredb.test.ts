import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppendTooLarge, OutcomeUnknown, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { type ConnectedStore, connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { newStream, noted, notes, type RunningStore, startOwnStore } from '../support/event-store.ts';
import { startProxy } from '../support/proxy.ts';
import { sized } from '../support/size.ts';

let running: RunningStore;
let store: ConnectedStore;

beforeAll(async () => {
  running = await startOwnStore();
  store = running.connect({ watch: { idleMs: 20, pollMs: 50 } });
});

afterAll(() => running.stop());

describe.each([
  { way: 'by a call of its own', gathersAppends: false },
  { way: 'gathered with others', gathersAppends: true },
])('When the answer to an append does not come, $way,', ({ gathersAppends }) => {
  let store: ConnectedStore;
  beforeAll(() => {
    store = running.connect({ gathersAppends });
  });

  test('the outcome is unknown after the timeout, and a repetition returns the result', async () => {
    const stream = newStream();
    const events = notes(2);
    const { faults } = running.server;
    faults.dropReplies = 1;
    // Until an append has reached the server, because 200 ms may pass before anything is sent.
    while (faults.dropReplies > 0)
      await expect(store.append(stream, events, 'no_stream', { timeoutMs: 200 })).rejects.toThrow(OutcomeUnknown);
    expect(await store.append(stream, events, 'no_stream', { timeoutMs: 5_000 })).toMatchObject({ revision: 1n });
    expect((await store.read(stream)).events).toHaveLength(2);
  });

  test('the outcome is unknown when the connection is reset', async () => {
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port, gathersAppends });
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

  test('the outcome is unknown after the timeout when the network goes silent', async () => {
    const proxy = await startProxy(running.server.port);
    const distant = running.connect({ port: proxy.port, readTimeoutMs: 200, gathersAppends });
    await distant.append(newStream(), notes(1), 'no_stream', { timeoutMs: 5_000 });

    proxy.blackhole();
    await expect(distant.append(newStream(), notes(1), 'no_stream', { timeoutMs: 200 })).rejects.toThrow(
      OutcomeUnknown,
    );
    await expect(distant.read(newStream())).rejects.toThrow(StoreUnavailable);
    await proxy.stop();
  });

  test('repetitions store every event exactly once, however often a reply is lost', async () => {
    const stream = newStream();
    const count = sized(1_000);
    for (let number = 0; number < count; number++) {
      const expected = number === 0 ? 'no_stream' : BigInt(number - 1);
      const event = noted(number);
      running.server.faults.dropReplies = 1;
      // Until an append has reached the server, because 20 ms may pass before anything is sent.
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

describe('When a stream does not exist,', () => {
  test('a read does not cancel its call, because servers close connections that cancel often', async () => {
    const { faults } = running.server;
    const other = newStream();
    await store.append(other, notes(1), 'no_stream', { timeoutMs: 5_000 });
    faults.readEndDelayMs = 20;
    const cancelledBefore = faults.cancelledReads;
    expect(await store.read(newStream())).toEqual({ revision: 'no_stream', events: [] });
    // A read of events waits for the end of its call, so it ends after the previous call.
    await store.read(other);
    faults.readEndDelayMs = 0;
    expect(faults.cancelledReads).toBe(cancelledBefore);
  });
});

describe('When something cannot work,', () => {
  test.each([false, true])(
    'a too large append is refused, and the next succeeds; gathered: %s',
    async (gathersAppends) => {
      const store = running.connect({ gathersAppends });
      const large = { ...noted(0), data: { text: 'x'.repeat(2_000_000) } };
      const stream = newStream();
      await expect(store.append(stream, [large], 'no_stream', { timeoutMs: 5_000 })).rejects.toThrow(AppendTooLarge);
      expect(await store.append(stream, notes(1), 'no_stream', { timeoutMs: 5_000 })).toMatchObject({ revision: 0n });
    },
  );

  test('a read of a store that cannot be reached fails with StoreUnavailable', async () => {
    const nobody = running.connect({ port: 1, readTimeoutMs: 1_000 });
    await expect(nobody.read(newStream())).rejects.toThrow(StoreUnavailable);
    await expect(nobody.head({ timeoutMs: 1_000 })).rejects.toThrow(StoreUnavailable);
  });

  test('a URL with TLS and without a login is refused, and the message tells what to write', () => {
    expect(() => connectEventStore({ url: 'esdb://db.example:2113' })).toThrow('user:password@host');
    expect(() => connectEventStore({ url: 'esdb://ledger:secret@db.example:2113' })).not.toThrow();
  });
});
