import { BACKWARDS, END, FORWARDS, NO_STREAM, START, StreamNotFoundError } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, event, events, idsOf, newStream, startTestStore, type TestStore, unary } from './harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

const write = async (stream: string, count: number) => {
  const proposed = events(count);
  for (let start = 0; start < count; start += 400) {
    const expectedRevision = start === 0 ? NO_STREAM : BigInt(start - 1);
    await store.client.appendToStream(stream, proposed.slice(start, start + 400), { ...unary, expectedRevision });
  }
  return idsOf(proposed);
};

describe('A stream', () => {
  test('of several pages is read completely and in order, in both directions', async () => {
    const stream = newStream();
    const ids = await write(stream, 1_300);
    const forwards = await collect(store.client.readStream(stream));
    expect(idsOf(forwards)).toEqual(ids);
    expect(forwards.map(({ revision }) => revision)).toEqual(ids.map((_, n) => BigInt(n)));
    const backwards = await collect(store.client.readStream(stream, { direction: BACKWARDS, fromRevision: END }));
    expect(idsOf(backwards)).toEqual(ids.toReversed());
  });

  test.each([
    { direction: FORWARDS, fromRevision: START, revisions: [0, 1, 2, 3, 4] },
    { direction: FORWARDS, fromRevision: 2n, revisions: [2, 3, 4] },
    { direction: FORWARDS, fromRevision: 4n, revisions: [4] },
    { direction: FORWARDS, fromRevision: 5n, revisions: [] },
    { direction: FORWARDS, fromRevision: END, revisions: [] },
    { direction: BACKWARDS, fromRevision: END, revisions: [4, 3, 2, 1, 0] },
    { direction: BACKWARDS, fromRevision: 2n, revisions: [2, 1, 0] },
    { direction: BACKWARDS, fromRevision: 99n, revisions: [4, 3, 2, 1, 0] },
    { direction: BACKWARDS, fromRevision: START, revisions: [0] },
    { direction: FORWARDS, fromRevision: 2n ** 63n - 1n, revisions: [] },
  ] as const)(
    'read $direction from $fromRevision includes the event there',
    async ({ direction, fromRevision, revisions }) => {
      const stream = newStream();
      await write(stream, 5);
      const read = await collect(store.client.readStream(stream, { direction, fromRevision }));
      expect(read.map(({ revision }) => Number(revision))).toEqual([...revisions]);
    },
  );

  test.each([1, 499, 500, 501, 700])('read with a limit of %i returns so many events', async (maxCount) => {
    const stream = newStream();
    const ids = await write(stream, 800);
    expect(idsOf(await collect(store.client.readStream(stream, { maxCount })))).toEqual(ids.slice(0, maxCount));
    const options = { direction: BACKWARDS, fromRevision: END, maxCount } as const;
    expect(idsOf(await collect(store.client.readStream(stream, options)))).toEqual(ids.slice(-maxCount).reverse());
  });

  test('without events is not found in either direction', async () => {
    for (const options of [{}, { fromRevision: 7n }, { direction: BACKWARDS, fromRevision: END } as const]) {
      await expect(collect(store.client.readStream(newStream(), options))).rejects.toBeInstanceOf(StreamNotFoundError);
    }
  });

  test('with a name that begins like another one is a separate stream', async () => {
    const stream = newStream();
    await write(stream, 1);
    await write(`${stream}-x`, 2);
    expect(await collect(store.client.readStream(stream))).toHaveLength(1);
  });

  test('of large events is read completely, in pages of bounded size', async () => {
    const stream = newStream();
    const data = { text: 'x'.repeat(900_000) };
    for (let n = 0; n < 15; n += 1) {
      await store.client.appendToStream(stream, { ...event(n), data }, { ...unary, expectedRevision: 'any' });
    }
    const read = await collect(store.client.readStream(stream));
    expect(read.map(({ revision }) => Number(revision))).toEqual(Array.from({ length: 15 }, (_, n) => n));
    expect(await collect(store.client.readStream(stream, { direction: BACKWARDS, fromRevision: END }))).toHaveLength(
      15,
    );
  });

  test('has no metadata, and reading the metadata is not an error', async () => {
    const stream = newStream();
    await write(stream, 1);
    expect(await store.client.getStreamMetadata(stream)).toEqual({ streamName: stream });
  });
});

describe('$all', () => {
  test('has the events of all streams in the order of writing, in both directions, over several pages', async () => {
    await write(newStream(), 600);
    await write(newStream(), 600);
    const forwards = await collect(store.client.readAll());
    const positions = forwards.map(({ position }) => position?.commit ?? 0n);
    expect(positions.length).toBeGreaterThanOrEqual(1_200);
    expect(positions.every((position, n) => n === 0 || position > (positions[n - 1] ?? 0n))).toBe(true);
    const backwards = await collect(store.client.readAll({ direction: BACKWARDS, fromPosition: END }));
    expect(idsOf(backwards)).toEqual(idsOf(forwards).toReversed());
  });

  test('has positions with gaps, whose commit and prepare are equal', async () => {
    await write(newStream(), 2);
    const [last, previous] = await collect(
      store.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }),
    );
    expect((last?.position?.commit ?? 0n) - (previous?.position?.commit ?? 0n)).toBeGreaterThan(1n);
    expect(last?.position?.prepare).toBe(last?.position?.commit);
  });

  test('includes the event at a position when read forwards, but not backwards, as in EventStoreDB', async () => {
    const ids = await write(newStream(), 3);
    const three = await collect(store.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 3 }));
    const middle = three[1]?.position ?? { commit: 0n, prepare: 0n };
    expect(idsOf(await collect(store.client.readAll({ fromPosition: middle })))).toEqual(ids.slice(1));
    const earlier = store.client.readAll({ direction: BACKWARDS, fromPosition: middle, maxCount: 1 });
    expect(idsOf(await collect(earlier))).toEqual(ids.slice(0, 1));
  });

  test('has no events forwards from the end and backwards from the start', async () => {
    await write(newStream(), 1);
    expect(await collect(store.client.readAll({ fromPosition: END }))).toEqual([]);
    expect(await collect(store.client.readAll({ direction: BACKWARDS, fromPosition: START }))).toEqual([]);
  });
});
