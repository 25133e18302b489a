import {
  ANY,
  BACKWARDS,
  END,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect } from 'vitest';
import { collect, event, events, idsOf } from '../../embedded/eventstore/harness.ts';
import { identifier } from './requests.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks Delete (soft) and Tombstone. */
export const describeDeletes = (open: () => ContractServer): void => {
  /** Writes so many events to a new stream. */
  const written = async (count: number) => {
    const { client, unary } = open();
    const [stream, proposed] = [newStream('deleted'), events(count)];
    await client.appendToStream(stream, proposed, { ...unary, expectedRevision: NO_STREAM });
    const recorded = await collect(client.readStream(stream));
    return { stream, recorded };
  };
  const append = (
    stream: string,
    expectedRevision: Parameters<typeof collect>[0] | bigint | string,
    by = open().unary,
  ) => open().client.appendToStream(stream, event(), { ...by, expectedRevision: expectedRevision as bigint });
  const readIds = async (stream: string) => idsOf(await collect(open().client.readStream(stream)));
  /** Returns the ids that `$all` has from the first of these events on. */
  const idsInLog = async (recorded: Awaited<ReturnType<typeof written>>['recorded']) => {
    const fromPosition = recorded[0]?.position;
    if (!fromPosition) throw new Error('The event has no position.');
    return idsOf(await collect(open().client.readAll({ fromPosition, maxCount: recorded.length })));
  };

  describe('Delete:', () => {
    statement('A deleted stream is not found', async () => {
      const { stream } = await written(3);
      await open().client.deleteStream(stream);
      await expect(readIds(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
      const backwards = open().client.readStream(stream, { direction: BACKWARDS, fromRevision: END });
      await expect(collect(backwards)).rejects.toBeInstanceOf(StreamNotFoundError);
    });

    statement('The answer to a delete has a position after the events', async () => {
      const { stream, recorded } = await written(2);
      const { position } = await open().client.deleteStream(stream, { expectedRevision: 1n });
      expect(position?.commit).toBeGreaterThan(recorded[1]?.position?.commit ?? 0n);
    });

    statement('The events of a deleted stream stay in $all', async () => {
      const { stream, recorded } = await written(3);
      await open().client.deleteStream(stream);
      expect(await idsInLog(recorded)).toEqual(idsOf(recorded));
    });

    statement('A delete at another revision is refused with stream, expected and actual revision', async () => {
      const { stream } = await written(3);
      const refused = open().client.deleteStream(stream, { expectedRevision: 0n });
      await expect(refused).rejects.toBeInstanceOf(WrongExpectedVersionError);
      await expect(refused).rejects.toMatchObject({ streamName: stream, expectedVersion: 0n, actualVersion: 2n });
      await expect(open().client.deleteStream(stream, { expectedRevision: NO_STREAM })).rejects.toBeInstanceOf(
        WrongExpectedVersionError,
      );
      expect(await readIds(stream)).toHaveLength(3);
    });

    statement(
      'The refusal of a delete is FAILED_PRECONDITION with the trailers of wrong-expected-version',
      async () => {
        const { stream } = await written(1);
        const options = new streams.DeleteReq.Options();
        options.setStreamIdentifier(identifier(stream));
        options.setRevision('7');
        const { raw, login } = open();
        const error = await new Promise<{ code: status; metadata: { get(name: string): unknown[] } } | null>(
          (resolve) => raw.streams.delete(new streams.DeleteReq().setOptions(options), login, resolve),
        );
        expect(error?.code).toBe(status.FAILED_PRECONDITION);
        const trailers = ['exception', 'stream-name', 'expected-version', 'actual-version'];
        expect(trailers.map((name) => String(error?.metadata.get(name)[0]))).toEqual([
          'wrong-expected-version',
          stream,
          '7',
          '0',
        ]);
      },
    );

    statement('A delete with stream_exists takes a stream with events', async () => {
      const { stream } = await written(1);
      const options = new streams.DeleteReq.Options();
      options.setStreamIdentifier(identifier(stream));
      options.setStreamExists(new shared.Empty());
      const { raw, login } = open();
      await new Promise<void>((resolve, reject) =>
        raw.streams.delete(new streams.DeleteReq().setOptions(options), login, (error) =>
          error ? reject(error) : resolve(),
        ),
      );
      await expect(readIds(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    });

    for (const [name, expected] of [
      ['no_stream', NO_STREAM],
      ['any', ANY],
      ['its last revision', 2n],
    ] as const)
      statement(`A deleted stream is created again with ${name}, and its revisions go on`, async () => {
        const { stream } = await written(3);
        await open().client.deleteStream(stream);
        expect((await append(stream, expected)).nextExpectedRevision).toBe(3n);
        const read = await collect(open().client.readStream(stream));
        expect(read.map(({ revision }) => revision)).toEqual([3n]);
        const backwards = open().client.readStream(stream, { direction: BACKWARDS, fromRevision: END });
        expect((await collect(backwards)).map(({ revision }) => revision)).toEqual([3n]);
      });

    statement('An append with stream_exists to a deleted stream is refused', async () => {
      const { stream } = await written(1);
      await open().client.deleteStream(stream);
      for (const by of [open().unary, {}])
        await expect(append(stream, STREAM_EXISTS, by)).rejects.toBeInstanceOf(StreamDeletedError);
    });

    statement('The metadata of a stream that was created again hides the events from before', async () => {
      const { stream } = await written(3);
      await open().client.deleteStream(stream);
      await append(stream, NO_STREAM);
      expect((await open().client.getStreamMetadata(stream)).metadata).toMatchObject({ truncateBefore: 3 });
    });
  });

  describe('Tombstone:', () => {
    statement('A read of a tombstoned stream fails with stream-deleted and its name', async () => {
      const { stream } = await written(2);
      await open().client.tombstoneStream(stream);
      const read = readIds(stream);
      await expect(read).rejects.toBeInstanceOf(StreamDeletedError);
      await expect(read).rejects.toMatchObject({ streamName: stream });
    });

    statement('Every append to a tombstoned stream fails with stream-deleted, by both calls', async () => {
      const { stream } = await written(2);
      await open().client.tombstoneStream(stream);
      for (const by of [open().unary, {}])
        for (const expected of [NO_STREAM, ANY, STREAM_EXISTS, 1n])
          await expect(append(stream, expected, by)).rejects.toBeInstanceOf(StreamDeletedError);
    });

    statement('A tombstoned stream is neither deleted nor tombstoned again', async () => {
      const { stream } = await written(1);
      const { client } = open();
      await client.tombstoneStream(stream);
      await expect(client.deleteStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
      await expect(client.tombstoneStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    });

    statement('The metadata of a tombstoned stream cannot be changed', async () => {
      const { stream } = await written(1);
      const { client } = open();
      await client.tombstoneStream(stream);
      await expect(client.setStreamMetadata(stream, { maxCount: 1 })).rejects.toBeInstanceOf(StreamDeletedError);
    });

    statement('The events of a tombstoned stream stay in $all, followed by $streamDeleted', async () => {
      const { stream, recorded } = await written(2);
      const { position } = await open().client.tombstoneStream(stream, { expectedRevision: 1n });
      expect(await idsInLog(recorded)).toEqual(idsOf(recorded));
      if (!position) throw new Error('The answer has no position.');
      const [tombstone] = await collect(open().client.readAll({ fromPosition: position, maxCount: 1 }));
      expect(tombstone).toMatchObject({ type: '$streamDeleted', streamId: stream });
    });

    statement('A tombstone at another revision is refused', async () => {
      const { stream } = await written(3);
      const { client } = open();
      for (const expectedRevision of [0n, NO_STREAM] as const) {
        const refused = client.tombstoneStream(stream, { expectedRevision });
        await expect(refused).rejects.toBeInstanceOf(WrongExpectedVersionError);
      }
      expect(await readIds(stream)).toHaveLength(3);
    });

    statement('A stream that never existed can be tombstoned', async () => {
      const stream = newStream();
      await open().client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
      await expect(readIds(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    });

    statement('A deleted stream can be tombstoned', async () => {
      const { stream } = await written(2);
      const { client } = open();
      await client.deleteStream(stream);
      await client.tombstoneStream(stream);
      await expect(readIds(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    });
  });
};
