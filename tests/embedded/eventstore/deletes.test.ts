import {
  ANY,
  type AppendExpectedRevision,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { protectedPrefixes, protectedStream } from '../../../src/embedded/eventstore/retention/protected-streams.ts';
import { logStream } from '../../../src/eventstore/copy/log-state.ts';
import { streamPrefixes } from '../../../src/projections/fold/fold-event.ts';
import {
  appendPaths,
  collect,
  event,
  events,
  idsOf,
  newStream,
  next,
  rawClient,
  record,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

let store: TestStore;
let raw: StreamsClient;
beforeAll(async () => {
  store = await startTestStore();
  raw = rawClient(store.server.port);
});
afterAll(async () => {
  raw.close();
  await store.stop();
});

const append = (stream: string, count: number, expectedRevision: AppendExpectedRevision = ANY) =>
  store.client.appendToStream(stream, events(count), { ...unary, expectedRevision });

/** Writes a stream with revisions 0, 1 and 2. */
const written = async () => {
  const stream = newStream('order');
  await append(stream, 3, NO_STREAM);
  return stream;
};

const revisionsOf = async (stream: string, options = {}) =>
  (await collect(store.client.readStream(stream, options))).map(({ revision }) => Number(revision));

const typesInLog = async (...names: string[]) =>
  (await collect(store.client.readAll()))
    .filter(({ streamId }) => names.includes(streamId))
    .map(({ type, streamId }) => `${streamId.startsWith('$$') ? '$$' : ''}${type}`);

const wrongVersion = async (deleting: Promise<unknown>) => {
  const error = await deleting.catch((thrown: unknown) => thrown);
  if (!(error instanceof WrongExpectedVersionError)) throw new Error(`Not a wrong version: ${error}`);
  return { stream: error.streamName, expected: error.expectedVersion, actual: error.actualVersion };
};

/** Deletes with `stream_exists`, which the official client cannot send. */
const deleteExisting = (stream: string) => {
  const options = new streams.DeleteReq.Options().setStreamExists(new shared.Empty());
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  options.setStreamIdentifier(identifier);
  return new Promise<streams.DeleteResp>((resolve, reject) =>
    raw.delete(new streams.DeleteReq().setOptions(options), (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );
};

describe('A stream that is deleted', () => {
  test('is not found in either direction, and its events stay in $all', async () => {
    const stream = await written();
    const { position } = await store.client.deleteStream(stream);
    const [last] = await collect(store.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }));
    expect(last).toMatchObject({ streamId: `$$${stream}`, type: '$metadata', position });
    for (const options of [{}, { fromRevision: 1n }, { direction: 'backwards', fromRevision: 'end' }])
      await expect(revisionsOf(stream, options)).rejects.toBeInstanceOf(StreamNotFoundError);
    expect(await typesInLog(stream)).toEqual(['Counted', 'Counted', 'Counted']);
    expect((await store.client.getStreamMetadata(stream)).metadata?.truncateBefore).toBe(2 ** 63);
  });

  test.each(appendPaths)('is created again by $path, with revisions that go on', async ({ by }) => {
    for (const expectedRevision of [NO_STREAM, ANY, 2n] as const) {
      const stream = await written();
      await store.client.setStreamMetadata(stream, { maxCount: 100, acl: { readRoles: ['ops'] }, color: 'red' });
      await store.client.deleteStream(stream);
      const again = events(2);
      const result = await store.client.appendToStream(stream, again, { ...by, expectedRevision });
      expect(result.nextExpectedRevision).toBe(4n);
      const read = await collect(store.client.readStream(stream));
      expect(idsOf(read)).toEqual(idsOf(again));
      expect(result.position).toEqual(read[1]?.position);
      expect((await store.client.getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 3 });
      expect(await revisionsOf(`$$${stream}`)).toEqual([2]);
      expect((await append(stream, 1, 4n)).nextExpectedRevision).toBe(5n);
    }
  });

  test('is visible again when its metadata is set, with no events, and keeps that metadata', async () => {
    const stream = await written();
    await store.client.deleteStream(stream);
    await store.client.setStreamMetadata(stream, { maxCount: 7 });
    expect(await revisionsOf(stream)).toEqual([]);
    expect((await store.client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 7, truncateBefore: 3 });
    await append(stream, 1, 2n);
    expect(await revisionsOf(stream)).toEqual([3]);
  });

  test('answers a repeated append with its first result, and refuses one that repeats only a part', async () => {
    const stream = newStream('order');
    const proposed = events(2);
    const options = { ...unary, expectedRevision: NO_STREAM } as const;
    const first = await store.client.appendToStream(stream, proposed, options);
    await store.client.deleteStream(stream);
    expect(await store.client.appendToStream(stream, proposed, options)).toEqual(first);
    const part = [proposed[0] ?? event(), event()];
    await expect(store.client.appendToStream(stream, part, options)).rejects.toThrow(WrongExpectedVersionError);
  });

  test.each(appendPaths)('does not exist for stream_exists by $path', async ({ by }) => {
    const stream = await written();
    await store.client.deleteStream(stream);
    const appending = store.client.appendToStream(stream, event(), { ...by, expectedRevision: STREAM_EXISTS });
    await expect(appending).rejects.toMatchObject({ constructor: StreamDeletedError, streamName: stream });
    await expect(deleteExisting(stream)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    await store.client.deleteStream(stream, { expectedRevision: NO_STREAM });
  });
});

describe('Deleting', () => {
  const deletions = [
    { call: 'Delete', by: 'deleteStream' },
    { call: 'Tombstone', by: 'tombstoneStream' },
  ] as const;

  test.each(deletions)('by $call checks the expected revision', async ({ by }) => {
    const stream = await written();
    for (const expectedRevision of [1n, 3n])
      expect(await wrongVersion(store.client[by](stream, { expectedRevision }))).toEqual({
        ...{ stream, expected: expectedRevision, actual: 2n },
      });
    expect(await wrongVersion(store.client[by](stream, { expectedRevision: NO_STREAM }))).toMatchObject({ actual: 2n });
    expect(await revisionsOf(stream)).toEqual([0, 1, 2]);
    expect((await store.client[by](stream, { expectedRevision: 2n })).position?.commit).toBeGreaterThan(0n);
    await expect(revisionsOf(stream)).rejects.toThrow();
  });

  test('without an event needs metadata for Delete, and nothing for Tombstone', async () => {
    const none = newStream('größe');
    for (const expectedRevision of [ANY, NO_STREAM] as const)
      expect(await wrongVersion(store.client.deleteStream(none, { expectedRevision }))).toMatchObject({
        actual: 'no_stream',
      });
    const error = await deleteExisting(none).catch((thrown: ServiceError) => thrown);
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(error instanceof Error && error.metadata.getMap()).toMatchObject({
      exception: 'wrong-expected-version',
      'stream-name': encodeURIComponent(none),
      'expected-version': '-4',
    });
    await store.client.setStreamMetadata(none, { maxCount: 3 });
    expect((await deleteExisting(none)).getPosition()?.getCommitPosition()).toMatch(/^\d+$/);
    await expect(revisionsOf(none)).rejects.toBeInstanceOf(StreamNotFoundError);
    await append(none, 1, NO_STREAM);
    expect(await revisionsOf(none)).toEqual([0]);
    await store.client.tombstoneStream(newStream('order'), { expectedRevision: NO_STREAM });
  });

  test('many times at once at the same revision happens once, and none of the other appends are lost', async () => {
    const stream = await written();
    const [deletions, appends] = await Promise.all([
      Promise.allSettled(
        Array.from({ length: 8 }, () => store.client.tombstoneStream(stream, { expectedRevision: 2n })),
      ),
      Promise.allSettled(Array.from({ length: 8 }, () => append(stream, 1, 2n))),
    ]);
    const succeeded = [...deletions, ...appends].filter(({ status: outcome }) => outcome === 'fulfilled');
    expect(succeeded).toHaveLength(1);
  });

  test('a stream of License Ledger or a metadata stream is refused, and the server knows all of its prefixes', async () => {
    expect(protectedPrefixes).toEqual(streamPrefixes);
    expect(protectedStream).toBe(logStream);
    for (const stream of [...streamPrefixes.map((prefix) => `${prefix}1`), logStream]) {
      await append(stream, 1);
      for (const { by } of deletions) {
        const deleting = store.client[by](stream);
        await expect(deleting).rejects.toBeInstanceOf(UnknownError);
        await expect(deleting).rejects.toThrow(/PERMISSION_DENIED: .* is a stream of License Ledger/);
      }
      await expect(store.client.setStreamMetadata(stream, { maxCount: 1 })).rejects.toThrow(/has no metadata/);
      expect(await revisionsOf(stream)).toEqual([0]);
    }
    await expect(store.client.deleteStream('$$order-1')).rejects.toThrow(/delete that stream instead/);
    await expect(store.client.tombstoneStream('$all')).rejects.toThrow(/whole log/);
  });
});

describe('A stream with a tombstone', () => {
  test.each(appendPaths)('refuses every append by $path, read and deletion for ever', async ({ by }) => {
    const stream = await written();
    await store.client.setStreamMetadata(stream, { maxCount: 7 });
    await store.client.tombstoneStream(stream);
    const deleted = { constructor: StreamDeletedError, streamName: stream };
    for (const expectedRevision of [ANY, NO_STREAM, STREAM_EXISTS, 2n] as const) {
      const appending = store.client.appendToStream(stream, event(), { ...by, expectedRevision });
      await expect(appending).rejects.toMatchObject(deleted);
    }
    for (const options of [{}, { direction: 'backwards', fromRevision: 'end' }])
      await expect(revisionsOf(stream, options)).rejects.toMatchObject(deleted);
    await expect(store.client.deleteStream(stream)).rejects.toMatchObject(deleted);
    await expect(store.client.tombstoneStream(stream)).rejects.toMatchObject(deleted);
    const metastream = { ...deleted, streamName: `$$${stream}` };
    await expect(store.client.setStreamMetadata(stream, { maxCount: 8 })).rejects.toMatchObject(metastream);
    await expect(store.client.getStreamMetadata(stream)).rejects.toMatchObject(metastream);
    const subscribing = next(store.client.subscribeToStream(stream), 'error');
    expect(await subscribing).toMatchObject(deleted);
    expect(await typesInLog(stream, `$$${stream}`)).toEqual([
      'Counted',
      'Counted',
      'Counted',
      '$$$metadata',
      '$streamDeleted',
    ]);
  });

  test('ends its subscriptions', async () => {
    const stream = await written();
    const subscription = store.client.subscribeToStream(stream);
    const { atLeast } = record(subscription);
    await atLeast(3);
    const ended = next(subscription, 'error');
    await store.client.tombstoneStream(stream);
    expect(await ended).toMatchObject({ constructor: StreamDeletedError, streamName: stream });
  });
});
