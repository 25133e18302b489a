import { BACKWARDS, END, FORWARDS, START, StreamNotFoundError } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect } from 'vitest';
import { collect, events, idsOf } from '../../embedded/eventstore/harness.ts';
import { kindsOf, nameOf, sendRead, streamRead } from './requests.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks reads of one stream. */
export const describeReads = (open: () => ContractServer): void => {
  const write = async (count: number, stream = newStream()) => {
    const proposed = events(count);
    const { client, unary } = open();
    await client.appendToStream(stream, proposed, { ...unary, expectedRevision: 'no_stream' });
    return { stream, ids: idsOf(proposed) };
  };

  describe('A read of a stream:', () => {
    statement('A read begins with the event at its revision, in both directions', async () => {
      const { stream } = await write(5);
      const cases = [
        { direction: FORWARDS, fromRevision: START, revisions: [0, 1, 2, 3, 4] },
        { direction: FORWARDS, fromRevision: 2n, revisions: [2, 3, 4] },
        { direction: FORWARDS, fromRevision: 5n, revisions: [] },
        { direction: BACKWARDS, fromRevision: END, revisions: [4, 3, 2, 1, 0] },
        { direction: BACKWARDS, fromRevision: 2n, revisions: [2, 1, 0] },
        { direction: BACKWARDS, fromRevision: START, revisions: [0] },
      ] as const;
      for (const { direction, fromRevision, revisions } of cases) {
        const read = await collect(open().client.readStream(stream, { direction, fromRevision }));
        expect(read.map(({ revision }) => Number(revision))).toEqual(revisions);
      }
    });

    statement('A read backwards from a revision beyond the end begins with the last event', async () => {
      const { stream, ids } = await write(3);
      const read = open().client.readStream(stream, { direction: BACKWARDS, fromRevision: 99n });
      expect(idsOf(await collect(read))).toEqual(ids.toReversed());
    });

    statement('A read with a limit returns so many events, also over several pages', async () => {
      const { stream, ids } = await write(800);
      for (const maxCount of [1, 31, 33, 700]) {
        expect(idsOf(await collect(open().client.readStream(stream, { maxCount })))).toEqual(ids.slice(0, maxCount));
        const options = { direction: BACKWARDS, fromRevision: END, maxCount } as const;
        expect(idsOf(await collect(open().client.readStream(stream, options)))).toEqual(ids.slice(-maxCount).reverse());
      }
    });

    statement('A stream whose name begins like another one is a separate stream', async () => {
      const { stream } = await write(1);
      await write(2, `${stream}-x`);
      expect(await collect(open().client.readStream(stream))).toHaveLength(1);
    });

    statement('The time of an event is near the present', async () => {
      const { stream } = await write(1);
      const [read] = await collect(open().client.readStream(stream));
      expect(Math.abs(Date.now() - (read?.created.getTime() ?? 0))).toBeLessThan(3_600_000);
    });

    statement('An unknown stream is a message with its name, after which the call ends with OK', async () => {
      const stream = newStream();
      const messages = await sendRead(open(), streamRead(stream));
      expect(kindsOf(messages)).toEqual(['stream_not_found']);
      expect(nameOf(messages[0]?.getStreamNotFound()?.getStreamIdentifier())).toBe(stream);
      for (const direction of [FORWARDS, BACKWARDS] as const) {
        const read = open().client.readStream(stream, { direction, fromRevision: direction === FORWARDS ? 7n : END });
        await expect(collect(read)).rejects.toBeInstanceOf(StreamNotFoundError);
      }
    });

    statement('An event has its type, its content type and its time in 100-nanosecond ticks', async () => {
      const { stream, ids } = await write(1);
      const [message] = (await sendRead(open(), streamRead(stream))).filter((each) => each.hasEvent());
      const recorded = message?.getEvent()?.getEvent();
      const properties = recorded?.getMetadataMap();
      expect(recorded?.getId()?.getString()).toBe(ids[0]);
      expect(properties?.get('type')).toBe('Counted');
      expect(properties?.get('content-type')).toBe('application/json');
      const createdMs = Number(properties?.get('created')) / 10_000;
      expect(Math.abs(Date.now() - createdMs)).toBeLessThan(3_600_000);
    });

    statement('An event has commit position, prepare position and revision', async () => {
      const { stream } = await write(2);
      const recorded = (await sendRead(open(), streamRead(stream))).flatMap(
        (each) => each.getEvent()?.getEvent() ?? [],
      );
      expect(recorded.map((each) => each.getStreamRevision())).toEqual(['0', '1']);
      for (const each of recorded) expect(each.getCommitPosition()).toMatch(/^[1-9]\d*$/);
      for (const each of recorded) expect(each.getPreparePosition()).toBe(each.getCommitPosition());
    });

    statement('Ids are returned as two numbers to a client that asks for them', async () => {
      const { stream, ids } = await write(1);
      const options = streamRead(stream);
      options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setStructured(new shared.Empty()));
      const [message] = (await sendRead(open(), options)).filter((each) => each.hasEvent());
      const structured = message?.getEvent()?.getEvent()?.getId()?.getStructured();
      const hex = [structured?.getMostSignificantBits(), structured?.getLeastSignificantBits()]
        .map((bits) =>
          BigInt.asUintN(64, BigInt(bits ?? 0))
            .toString(16)
            .padStart(16, '0'),
        )
        .join('');
      expect(hex).toBe(ids[0]?.replaceAll('-', ''));
    });

    statement('A client that asks for the last position of a stream gets it', async () => {
      const { stream } = await write(3);
      const options = streamRead(stream);
      options.setControlOption(new streams.ReadReq.Options.ControlOption().setCompatibility(1));
      const positions = (await sendRead(open(), options)).filter((each) => each.hasLastStreamPosition());
      expect(positions.map((each) => each.getLastStreamPosition())).toEqual(['2']);
    });
  });
};
