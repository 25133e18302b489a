import {
  BACKWARDS,
  END,
  excludeSystemEvents,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { collect, event, events, idsOf, next, record } from '../../embedded/eventstore/harness.ts';
import { allRead, nameOf, sendRead } from './requests.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks metadata streams, and what they hide from reads of their stream. */
export const describeMetadata = (open: () => ContractServer): void => {
  const written = async (count: number) => {
    const { client, unary } = open();
    const stream = newStream('metadata');
    await client.appendToStream(stream, events(count), { ...unary, expectedRevision: NO_STREAM });
    return { stream, recorded: await collect(client.readStream(stream)) };
  };
  const revisionsOf = async (stream: string) =>
    (await collect(open().client.readStream(stream))).map(({ revision }) => Number(revision));

  describe('Metadata:', () => {
    statement('Metadata is returned as set, with limits, access list and own values', async () => {
      const { stream } = await written(1);
      const { client } = open();
      const metadata = { maxCount: 5, truncateBefore: 0, cacheControl: 7, acl: { readRoles: ['$all'] }, own: 'value' };
      await client.setStreamMetadata(stream, metadata);
      const read = await client.getStreamMetadata(stream);
      expect(read).toMatchObject({ metadata: { maxCount: 5, cacheControl: 7, own: 'value' } });
      expect(read.metadata?.acl).toBeDefined();
    });

    statement('A stream without metadata has none, and reading it is no error', async () => {
      const { stream } = await written(1);
      expect(await open().client.getStreamMetadata(stream)).toEqual({ streamName: stream });
    });

    statement(
      'Metadata is an event of type $metadata in the stream with two dollar signs before the name',
      async () => {
        const { stream } = await written(1);
        await open().client.setStreamMetadata(stream, { maxCount: 9 });
        const [read] = await collect(open().client.readStream(`$$${stream}`));
        expect(read).toMatchObject({ type: '$metadata', streamId: `$$${stream}`, data: { $maxCount: 9 } });
      },
    );

    statement('A metadata stream shows only its newest version', async () => {
      const { stream } = await written(1);
      for (const maxCount of [3, 4, 5]) await open().client.setStreamMetadata(stream, { maxCount });
      const read = await collect(open().client.readStream(`$$${stream}`));
      expect(read).toMatchObject([{ revision: 2n, data: { $maxCount: 5 } }]);
    });

    statement('Metadata is written by an append like any event', async () => {
      const { stream } = await written(3);
      const { client, unary } = open();
      await client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data: { $maxCount: 1 } }), unary);
      expect(await revisionsOf(stream)).toEqual([2]);
    });

    statement('Metadata at another revision is refused', async () => {
      const { stream } = await written(1);
      const { client } = open();
      await client.setStreamMetadata(stream, { maxCount: 2 }, { expectedRevision: NO_STREAM });
      const refused = client.setStreamMetadata(stream, { maxCount: 3 }, { expectedRevision: NO_STREAM });
      await expect(refused).rejects.toBeInstanceOf(WrongExpectedVersionError);
    });

    statement('A stream with metadata only is not found by a read and exists for an append', async () => {
      const { client, unary } = open();
      const stream = newStream('metadata');
      await client.setStreamMetadata(stream, { maxCount: 2 });
      await expect(revisionsOf(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
      const appended = await client.appendToStream(stream, event(), { ...unary, expectedRevision: STREAM_EXISTS });
      expect(appended.nextExpectedRevision).toBe(0n);
    });
  });

  describe('Retention:', () => {
    statement('$maxCount shows the newest events only, in both directions', async () => {
      const { stream } = await written(5);
      await open().client.setStreamMetadata(stream, { maxCount: 2 });
      expect(await revisionsOf(stream)).toEqual([3, 4]);
      const backwards = open().client.readStream(stream, { direction: BACKWARDS, fromRevision: END });
      expect((await collect(backwards)).map(({ revision }) => Number(revision))).toEqual([4, 3]);
    });

    statement('$tb hides the events before a revision', async () => {
      const { stream } = await written(5);
      await open().client.setStreamMetadata(stream, { truncateBefore: 3 });
      expect(await revisionsOf(stream)).toEqual([3, 4]);
    });

    statement('$maxAge hides events when they are older', async () => {
      const { stream } = await written(2);
      await open().client.setStreamMetadata(stream, { maxAge: 1 });
      const count = async () => (await collect(open().client.readStream(stream)).catch(() => [])).length;
      await expect.poll(count, { timeout: 20_000, interval: 200 }).toBe(0);
    });

    statement('Hidden events count for revisions and stay in $all', async () => {
      const { stream, recorded } = await written(4);
      const { client, unary } = open();
      await client.setStreamMetadata(stream, { maxCount: 1 });
      const appended = await client.appendToStream(stream, event(), { ...unary, expectedRevision: 3n });
      expect(appended.nextExpectedRevision).toBe(4n);
      const fromPosition = recorded[0]?.position;
      if (!fromPosition) throw new Error('The event has no position.');
      expect(idsOf(await collect(client.readAll({ fromPosition, maxCount: 4 })))).toEqual(idsOf(recorded));
    });

    statement('Without its limits a stream shows its events again', async () => {
      const { stream } = await written(4);
      await open().client.setStreamMetadata(stream, { maxCount: 1 });
      expect(await revisionsOf(stream)).toEqual([3]);
      await open().client.setStreamMetadata(stream, {});
      expect(await revisionsOf(stream)).toEqual([0, 1, 2, 3]);
    });
  });

  describe('System events:', () => {
    statement('$all has the metadata of a stream as an event', async () => {
      const { stream, recorded } = await written(1);
      await open().client.setStreamMetadata(stream, { maxCount: 3 });
      const read = (await sendRead(open(), allRead(200, recorded[0]?.position))).flatMap(
        (each) => each.getEvent()?.getEvent() ?? [],
      );
      expect(read.map((each) => nameOf(each.getStreamIdentifier()))).toContain(`$$${stream}`);
    });

    statement('A subscription that excludes system events does not get it', async () => {
      const { stream, recorded } = await written(1);
      const { client, unary } = open();
      await client.setStreamMetadata(stream, { maxCount: 3 });
      await client.appendToStream(stream, event(), unary);
      const fromPosition = recorded[0]?.position;
      if (!fromPosition) throw new Error('The event has no position.');
      const subscription = client.subscribeToAll({ fromPosition, filter: excludeSystemEvents() });
      const recording = record(subscription);
      await next(subscription, 'caughtUp');
      const names = recording.received.map(({ streamId }) => streamId);
      expect(names).toContain(stream);
      expect(names).not.toContain(`$$${stream}`);
      await subscription.unsubscribe();
    });
  });
};
