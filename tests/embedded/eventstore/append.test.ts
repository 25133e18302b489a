import { randomUUID } from 'node:crypto';
import {
  ANY,
  type AppendExpectedRevision,
  binaryEvent,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendPaths, collect, event, events, idsOf, newStream, startTestStore, type TestStore } from './harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

describe.each(appendPaths)('$path', ({ by }) => {
  const append = (
    stream: string,
    proposed: Parameters<TestStore['client']['appendToStream']>[1],
    expectedRevision: AppendExpectedRevision,
  ) => store.client.appendToStream(stream, proposed, { ...by, expectedRevision });

  const wrongVersion = async (appending: Promise<unknown>) => {
    const error = await appending.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof WrongExpectedVersionError)) throw new Error(`Not a wrong version: ${error}`);
    return { expected: error.expectedVersion, actual: error.actualVersion };
  };

  const idsIn = async (stream: string) => idsOf(await collect(store.client.readStream(stream)));

  describe('with an exact revision', () => {
    test('writes when the stream is at that revision, and returns revision and position of the last event', async () => {
      const stream = newStream();
      const first = await append(stream, event(), NO_STREAM);
      expect(first.nextExpectedRevision).toBe(0n);
      const second = await append(stream, events(3), 0n);
      expect(second.nextExpectedRevision).toBe(3n);
      const [last] = await collect(store.client.readStream(stream, { fromRevision: 3n }));
      expect(second.position).toEqual(last?.position);
    });

    test('refuses when the stream is at a higher revision, and returns that revision', async () => {
      const stream = newStream();
      await append(stream, events(3), NO_STREAM);
      expect(await wrongVersion(append(stream, event(), 0n))).toEqual({ expected: 0n, actual: 2n });
    });

    test('refuses when the stream is at a lower revision', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      expect(await wrongVersion(append(stream, event(), 7n))).toEqual({ expected: 7n, actual: 0n });
      expect(await wrongVersion(append(newStream(), event(), 7n))).toEqual({ expected: 7n, actual: 'no_stream' });
    });

    test('returns the first answer for the same ids, and writes nothing', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      const repeated = events(2);
      const first = await append(stream, repeated, 0n);
      await append(stream, event(), 2n);
      expect(await append(stream, repeated, 0n)).toEqual(first);
      expect(await idsIn(stream)).toHaveLength(4);
    });

    test('writes the same ids at the current revision as new events', async () => {
      const stream = newStream();
      const repeated = event();
      await append(stream, repeated, NO_STREAM);
      expect((await append(stream, repeated, 0n)).nextExpectedRevision).toBe(1n);
      expect(await idsIn(stream)).toEqual([repeated.id, repeated.id]);
    });

    test('refuses ids that match only in part, in another order or beyond the end', async () => {
      const stream = newStream();
      const [a, b] = [event(1), event(2)];
      await append(stream, [event(), a, b], NO_STREAM);
      for (const proposed of [[a, event()], [event(), b], [b, a], [b], [a, b, event()]]) {
        expect(await wrongVersion(append(stream, proposed, 0n))).toEqual({ expected: 0n, actual: 2n });
      }
      expect((await append(stream, [a], 0n)).nextExpectedRevision).toBe(1n);
      expect(await idsIn(stream)).toHaveLength(3);
    });

    test('writes exactly one of many concurrent appends', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => append(stream, event(), 0n)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedVersionError);
      }
      expect(await idsIn(stream)).toHaveLength(2);
    });

    test('writes an append that many callers send at once only once, and all get the same answer', async () => {
      const stream = newStream();
      const proposed = events(3);
      const answers = await Promise.all(Array.from({ length: 40 }, () => append(stream, proposed, NO_STREAM)));
      expect(new Set(answers.map(({ position }) => position?.commit)).size).toBe(1);
      expect(await idsIn(stream)).toEqual(idsOf(proposed));
    });
  });

  describe('with no_stream', () => {
    test('refuses a stream that exists', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      expect(await wrongVersion(append(stream, event(), NO_STREAM))).toEqual({ expected: 'no_stream', actual: 0n });
    });

    test('returns the first answer for the same ids', async () => {
      const stream = newStream();
      const proposed = events(2);
      const first = await append(stream, proposed, NO_STREAM);
      await append(stream, event(), 1n);
      expect(await append(stream, proposed, NO_STREAM)).toEqual(first);
    });
  });

  describe('with any', () => {
    test('writes to a stream whether it exists or not', async () => {
      const stream = newStream();
      expect((await append(stream, event(), ANY)).nextExpectedRevision).toBe(0n);
      expect((await append(stream, event(), ANY)).nextExpectedRevision).toBe(1n);
    });

    test('recognizes ids that were recently written to the same stream, but not to another stream', async () => {
      const stream = newStream();
      const proposed = events(2);
      const first = await append(stream, proposed, ANY);
      expect(await append(stream, proposed, ANY)).toEqual(first);
      expect((await append(newStream(), proposed, ANY)).position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
      expect(await idsIn(stream)).toHaveLength(2);
    });

    test('refuses a new event after an event that was recently written', async () => {
      const stream = newStream();
      const written = event();
      await append(stream, written, ANY);
      await wrongVersion(append(stream, [written, event()], ANY));
      expect(await idsIn(stream)).toEqual([written.id]);
    });
  });

  describe('with stream_exists', () => {
    test('writes only to a stream that has events', async () => {
      const stream = newStream();
      expect(await wrongVersion(append(stream, event(), STREAM_EXISTS))).toMatchObject({ actual: 'no_stream' });
      await append(stream, event(), NO_STREAM);
      expect((await append(stream, event(), STREAM_EXISTS)).nextExpectedRevision).toBe(1n);
    });
  });

  test('without events checks the revision and writes nothing', async () => {
    const stream = newStream();
    await append(stream, events(2), NO_STREAM);
    expect((await append(stream, [], 1n)).nextExpectedRevision).toBe(1n);
    expect(await wrongVersion(append(stream, [], 0n))).toEqual({ expected: 0n, actual: 1n });
    expect(await wrongVersion(append(stream, [], NO_STREAM))).toEqual({ expected: 'no_stream', actual: 1n });
    expect(await idsIn(stream)).toHaveLength(2);
  });

  test('stores id, type, data and metadata unchanged, as JSON or bytes', async () => {
    const stream = newStream('größe-日本');
    const json = jsonEvent({ type: 'Größer', data: { text: 'naïve\u0000"\\' }, metadata: { commandId: randomUUID() } });
    const bytes = binaryEvent({ type: 'Bytes', data: Uint8Array.from([0, 255, 92, 120]) });
    const startMs = Date.now();
    await append(stream, [json, bytes], NO_STREAM);
    const [first, second] = await collect(store.client.readStream(stream));
    const { id, type, data, metadata } = json;
    expect(first).toMatchObject({ id, type, data, metadata, isJson: true, streamId: stream, revision: 0n });
    expect(Math.abs((first?.created.getTime() ?? 0) - startMs)).toBeLessThan(60_000);
    expect(second).toMatchObject({ id: bytes.id, isJson: false, metadata: undefined });
    expect(Uint8Array.from(Buffer.from(second?.data as Uint8Array))).toEqual(Uint8Array.from([0, 255, 92, 120]));
  });

  test('accepts 1 MiB of data in one append and not one byte more', async () => {
    const stream = newStream();
    const half = binaryEvent({ type: 'Half', data: new Uint8Array(512 * 1024), metadata: new Uint8Array(512 * 1024) });
    const one = binaryEvent({ type: 'One', data: new Uint8Array(1) });
    await append(stream, [half, { ...half, id: randomUUID() }], NO_STREAM);
    const tooMuch = append(stream, [half, { ...half, id: randomUUID() }, one], 1n);
    await expect(tooMuch).rejects.toMatchObject({ maxAppendSize: 1024 * 1024 });
    await expect(tooMuch).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
    expect(await idsIn(stream)).toHaveLength(2);
  });

  test('refuses messages far above every limit, and the server goes on', async () => {
    for (const mebibytes of [16, 18]) {
      const large = binaryEvent({ type: 'Large', data: new Uint8Array(mebibytes * 1024 * 1024) });
      await expect(append(newStream(), large, NO_STREAM)).rejects.toThrow();
    }
    const metadata = new Uint8Array(9 * 1024 * 1024);
    const two = [1, 2].map(() => binaryEvent({ type: 'Large', data: new Uint8Array(1), metadata }));
    await expect(append(newStream(), two, NO_STREAM)).rejects.toThrow(/larger than 16777216 bytes/);
    await append(newStream(), event(), NO_STREAM);
  });

  test('writes the other appends of a transaction when it refuses one', async () => {
    const stream = newStream();
    await append(stream, event(), NO_STREAM);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) => append(n % 2 ? newStream() : stream, event(), n % 2 ? NO_STREAM : 9n)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 30 }, (_, n) => (n % 2 ? 'fulfilled' : 'rejected')),
    );
  });

  test.each([
    ['an empty event type', 'license-1', jsonEvent({ type: '', data: {} }), /type is empty/],
    ['an event id that is not a UUID', 'license-1', event(0, 'seven'), /not a UUID/],
    ['the empty UUID', 'license-1', event(0, '00000000-0000-0000-0000-000000000000'), /id is empty/],
    ['a NUL character in the type', 'license-1', jsonEvent({ type: 'a\u0000', data: {} }), /NUL/],
    ['a stream name longer than 2,600 bytes', 'x'.repeat(2_601), event(), /longer than 2600 bytes/],
    ['a type longer than 2,600 bytes', 'order-1', jsonEvent({ type: 'ü'.repeat(1_301), data: {} }), /longer than 2600/],
    ['$all', '$all', event(), /never written to/],
    ['the metadata of no stream', '$$', event(), /is no stream/],
    ['metadata of a stream of License Ledger', '$$license-1', event(), /License Ledger, which has no metadata/],
  ])('refuses %s with a sentence', async (_, stream, proposed, sentence) => {
    const appending = append(stream, proposed, ANY);
    await expect(appending).rejects.toThrow(sentence);
    await expect(appending).rejects.toBeInstanceOf(UnknownError);
  });
});

test('The events of one append are adjacent in $all, and positions always grow, with many concurrent writers', async () => {
  const appends = Array.from({ length: 60 }, (_, n) => ({ stream: newStream('batch'), proposed: events(1 + (n % 7)) }));
  await Promise.all(
    appends.map(({ stream, proposed }, n) =>
      store.client.appendToStream(stream, proposed, { ...appendPaths[n % 2]?.by, expectedRevision: NO_STREAM }),
    ),
  );
  const all = (await collect(store.client.readAll())).filter(({ streamId }) => streamId.startsWith('batch-'));
  const positions = all.map(({ position }) => position?.commit ?? 0n);
  expect(positions.every((position, n) => n === 0 || position > (positions[n - 1] ?? 0n))).toBe(true);
  for (const { stream, proposed } of appends) {
    const start = all.findIndex(({ streamId }) => streamId === stream);
    expect(idsOf(all.slice(start, start + proposed.length))).toEqual(idsOf(proposed));
  }
});
