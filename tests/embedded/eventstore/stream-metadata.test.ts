import {
  ANY,
  BACKWARDS,
  END,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEventStore } from '../../../src/embedded/eventstore/server.ts';
import {
  collect,
  connect,
  event,
  events,
  newStream,
  record,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

let nowMs = Date.UTC(2026, 0, 1);
let store: TestStore;
beforeAll(async () => {
  store = await startTestStore({ nowMs: () => nowMs });
});
afterAll(() => store.stop());

const append = (stream: string, count: number) =>
  store.client.appendToStream(stream, events(count), { ...unary, expectedRevision: ANY });

const revisionsOf = async (stream: string, options = {}, client = store.client) =>
  (await collect(client.readStream(stream, options))).map(({ revision }) => Number(revision));

const backwards = { direction: BACKWARDS, fromRevision: END } as const;

test('The metadata of a stream is returned as it was set, and only its newest version is kept', async () => {
  const stream = newStream('order');
  const metadata = {
    ...{ maxAge: 60, maxCount: 5, cacheControl: 10, truncateBefore: 1, color: 'red' },
    acl: {
      readRoles: ['ops'],
      writeRoles: ['ops'],
      deleteRoles: ['ops'],
      metaReadRoles: ['a', 'b'],
      metaWriteRoles: ['c'],
    },
  };
  const first = await store.client.setStreamMetadata(stream, { maxCount: 1 }, { expectedRevision: NO_STREAM });
  expect(first.nextExpectedRevision).toBe(0n);
  await store.client.setStreamMetadata(stream, metadata, { expectedRevision: 0n });
  const stale = store.client.setStreamMetadata(stream, {}, { expectedRevision: 0n });
  await expect(stale).rejects.toBeInstanceOf(WrongExpectedVersionError);
  expect(await store.client.getStreamMetadata(stream)).toMatchObject({ metadata });
  for (const options of [{}, backwards]) expect(await revisionsOf(`$$${stream}`, options)).toEqual([1]);
  const { nextExpectedRevision } = await store.client.appendToStream(stream, event(), {
    ...{ ...unary, expectedRevision: STREAM_EXISTS },
  });
  expect(nextExpectedRevision).toBe(0n);
});

test('A stream with $maxCount shows its newest events, in both directions and on every page', async () => {
  const stream = newStream('order');
  await append(stream, 1_300);
  await store.client.setStreamMetadata(stream, { maxCount: 600 });
  const visible = Array.from({ length: 600 }, (_, n) => 700 + n);
  expect(await revisionsOf(stream)).toEqual(visible);
  expect(await revisionsOf(stream, backwards)).toEqual(visible.toReversed());
  expect(await revisionsOf(stream, { fromRevision: 3n, maxCount: 2 })).toEqual([700, 701]);
  expect(await revisionsOf(stream, { ...backwards, fromRevision: 699n })).toEqual([]);
  await append(stream, 2);
  expect(await revisionsOf(stream, { maxCount: 1 })).toEqual([702]);
  const { atLeast, received } = record(store.client.subscribeToStream(stream));
  await atLeast(600);
  expect(received[0]?.revision).toBe(702n);
  const all = (await collect(store.client.readAll())).filter(({ streamId }) => streamId === stream);
  expect(all).toHaveLength(1_302);
});

test('A stream with $tb begins there, and new metadata takes the limit away', async () => {
  const stream = newStream('order');
  await append(stream, 5);
  await store.client.setStreamMetadata(stream, { truncateBefore: 3 });
  expect(await revisionsOf(stream)).toEqual([3, 4]);
  await store.client.setStreamMetadata(stream, { truncateBefore: 3, maxCount: 1 });
  expect(await revisionsOf(stream)).toEqual([4]);
  await store.client.setStreamMetadata(stream, { truncateBefore: 9 });
  expect(await revisionsOf(stream)).toEqual([]);
  await store.client.setStreamMetadata(stream, { color: 'red' });
  expect(await revisionsOf(stream)).toEqual([0, 1, 2, 3, 4]);
});

test('A stream with $maxAge hides what is older by the clock of the store', async () => {
  const stream = newStream('order');
  await append(stream, 2);
  nowMs += 60_000;
  await append(stream, 1);
  await store.client.setStreamMetadata(stream, { maxAge: 90 });
  expect(await revisionsOf(stream)).toEqual([0, 1, 2]);
  nowMs += 31_000;
  expect(await revisionsOf(stream)).toEqual([2]);
  expect(await revisionsOf(stream, backwards)).toEqual([2]);
  nowMs += 90_000;
  expect(await revisionsOf(stream)).toEqual([]);
  expect((await append(stream, 1)).nextExpectedRevision).toBe(3n);
  expect(await revisionsOf(stream)).toEqual([3]);
});

test.each([
  ['that is no object', '[]'],
  ['with a limit that is no whole number', '{"$maxCount":1.5}'],
  ['with a limit beyond 64 bits', '{"$tb":9223372036854775808}'],
  ['with limits that are not positive', '{"$maxCount":0,"$maxAge":0,"$tb":-1}'],
])('Metadata %s sets no limit', async (_, json) => {
  const stream = newStream('order');
  await append(stream, 2);
  const data = JSON.parse(json.replace('9223372036854775808', '18446744073709551616'));
  await store.client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data }), unary);
  expect(await revisionsOf(stream)).toEqual([0, 1]);
});

test('Limits, deletions and tombstones hold after a restart, and for a second client', async () => {
  const [cut, deleted, buried] = [newStream('order'), newStream('order'), newStream('order')];
  for (const stream of [cut, deleted, buried]) await append(stream, 4);
  await store.client.setStreamMetadata(cut, { maxCount: 1 });
  await store.client.deleteStream(deleted);
  await store.client.tombstoneStream(buried);
  await store.client.dispose();
  await store.server.stop();
  const server = await startEventStore({ access: 'INSECURE', databaseUrl: store.databaseUrl, port: 0 });
  const client = connect(server.port);
  expect(await revisionsOf(cut, {}, client)).toEqual([3]);
  await expect(revisionsOf(deleted, {}, client)).rejects.toThrow(/not found/);
  await client.appendToStream(deleted, event(), { ...unary, expectedRevision: NO_STREAM });
  expect(await revisionsOf(deleted, {}, client)).toEqual([4]);
  await expect(client.appendToStream(buried, event(), unary)).rejects.toThrow(/deleted/);
  await client.dispose();
  await server.stop();
});
