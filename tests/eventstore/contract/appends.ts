import { randomUUID } from 'node:crypto';
import {
  ANY,
  type AppendExpectedRevision,
  binaryEvent,
  type EventData,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { collect, event, events, idsOf } from '../../embedded/eventstore/harness.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks appends with every kind of expected revision, by one of the client's two calls. */
export const describeAppends = (path: 'Append' | 'BatchAppend', open: () => ContractServer): void => {
  const append = (stream: string, proposed: EventData | EventData[], expectedRevision: AppendExpectedRevision) => {
    const { client, unary } = open();
    return client.appendToStream(stream, proposed, { ...(path === 'Append' ? unary : {}), expectedRevision });
  };
  const idsIn = async (stream: string) => idsOf(await collect(open().client.readStream(stream)));
  const refused = async (appending: Promise<unknown>) => {
    const error = await appending.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof WrongExpectedVersionError)) throw new Error(`Not a wrong version: ${error}`);
    return { expected: error.expectedVersion, actual: error.actualVersion };
  };

  describe(`${path}, an exact revision:`, () => {
    statement('An append at the current revision returns revision and position of its last event', async () => {
      const stream = newStream();
      expect((await append(stream, event(), NO_STREAM)).nextExpectedRevision).toBe(0n);
      const second = await append(stream, events(3), 0n);
      const read = await collect(open().client.readStream(stream));
      expect(second.nextExpectedRevision).toBe(3n);
      expect(second.position).toEqual(read[3]?.position);
    });

    statement('Commit and prepare position of an append are equal', async () => {
      const { position } = await append(newStream(), events(2), NO_STREAM);
      expect(position?.commit).toBe(position?.prepare);
    });

    statement('An append at a higher revision than the current one is refused with both revisions', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      expect(await refused(append(stream, event(), 7n))).toEqual({ expected: 7n, actual: 0n });
      expect(await refused(append(newStream(), event(), 7n))).toEqual({ expected: 7n, actual: 'no_stream' });
    });

    statement('Other events at an old revision are refused and not written', async () => {
      const stream = newStream();
      await append(stream, events(3), NO_STREAM);
      expect(await refused(append(stream, event(), 0n))).toEqual({ expected: 0n, actual: 2n });
      expect(await idsIn(stream)).toHaveLength(3);
    });

    statement('The same ids at the same revision return the first result, also after later appends', async () => {
      const [stream, repeated] = [newStream(), events(2)];
      await append(stream, event(), NO_STREAM);
      const first = await append(stream, repeated, 0n);
      await append(stream, event(), 2n);
      expect(await append(stream, repeated, 0n)).toEqual(first);
      expect(await idsIn(stream)).toHaveLength(4);
    });

    statement('The same ids at the current revision are appended again', async () => {
      const [stream, one] = [newStream(), event()];
      await append(stream, one, NO_STREAM);
      expect((await append(stream, one, 0n)).nextExpectedRevision).toBe(1n);
      expect(await idsIn(stream)).toEqual([one.id, one.id]);
    });

    statement(
      'The first ids of an earlier append are a repetition, and the result is that of the last one',
      async () => {
        const [stream, [first, second, third]] = [newStream(), events(3)];
        if (!first || !second || !third) throw new Error('Three events are needed.');
        await append(stream, [first, second, third], NO_STREAM);
        const repeated = await append(stream, [first, second], NO_STREAM);
        expect(repeated.nextExpectedRevision).toBe(1n);
        expect(repeated.position).toEqual((await collect(open().client.readStream(stream)))[1]?.position);
        expect(await idsIn(stream)).toHaveLength(3);
      },
    );

    statement('An earlier append with one more event, or in another order, is refused', async () => {
      const [stream, [first, second, third]] = [newStream(), events(3)];
      if (!first || !second || !third) throw new Error('Three events are needed.');
      await append(stream, [first, second], NO_STREAM);
      await refused(append(stream, [first, second, third], NO_STREAM));
      await refused(append(stream, [second, first], NO_STREAM));
      await refused(append(stream, [first, third], NO_STREAM));
      expect(await idsIn(stream)).toEqual([first.id, second.id]);
    });

    statement('An event id may occur again in the same stream and in other streams', async () => {
      const [stream, one] = [newStream(), event()];
      await append(stream, one, NO_STREAM);
      await append(stream, event(), 0n);
      expect((await append(stream, one, 1n)).nextExpectedRevision).toBe(2n);
      expect((await append(newStream(), one, NO_STREAM)).nextExpectedRevision).toBe(0n);
    });

    statement('Exactly one of many different appends at the same revision is written', async () => {
      const stream = newStream();
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => append(stream, event(), NO_STREAM)));
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(refusals).toHaveLength(19);
      for (const reason of refusals) expect(reason).toBeInstanceOf(WrongExpectedVersionError);
      expect(await idsIn(stream)).toHaveLength(1);
    });
  });

  describe(`${path}, no_stream:`, () => {
    statement('An append to a new stream gets revision 0', async () => {
      expect((await append(newStream(), event(), NO_STREAM)).nextExpectedRevision).toBe(0n);
    });

    statement('Other events for a stream that exists are refused with its revision', async () => {
      const stream = newStream();
      await append(stream, event(), NO_STREAM);
      expect(await refused(append(stream, event(), NO_STREAM))).toEqual({ expected: 'no_stream', actual: 0n });
    });
  });

  describe(`${path}, any and stream_exists:`, () => {
    statement('An append with any is written whether the stream exists or not', async () => {
      const stream = newStream();
      expect((await append(stream, event(), ANY)).nextExpectedRevision).toBe(0n);
      expect((await append(stream, event(), ANY)).nextExpectedRevision).toBe(1n);
    });

    statement('An append with any that repeats recent ids of its stream is written once', async () => {
      const [stream, repeated] = [newStream(), events(2)];
      const first = await append(stream, repeated, ANY);
      expect(await append(stream, repeated, ANY)).toEqual(first);
      expect(await idsIn(stream)).toHaveLength(2);
    });

    statement('An append with any that repeats ids of another stream is written', async () => {
      const repeated = events(2);
      const first = await append(newStream(), repeated, ANY);
      const second = await append(newStream(), repeated, ANY);
      expect(second.position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
    });

    statement('An append with any of a recent event and a new one is refused', async () => {
      const [stream, written] = [newStream(), event()];
      await append(stream, written, ANY);
      await refused(append(stream, [written, event()], ANY));
      expect(await idsIn(stream)).toEqual([written.id]);
    });

    statement('An append with stream_exists needs a stream with events', async () => {
      const stream = newStream();
      expect(await refused(append(stream, event(), STREAM_EXISTS))).toMatchObject({ actual: 'no_stream' });
      await append(stream, event(), NO_STREAM);
      expect((await append(stream, event(), STREAM_EXISTS)).nextExpectedRevision).toBe(1n);
    });
  });

  describe(`${path}, events:`, () => {
    statement('An append without events checks the revision and writes nothing', async () => {
      const stream = newStream();
      await append(stream, events(2), NO_STREAM);
      expect((await append(stream, [], 1n)).nextExpectedRevision).toBe(1n);
      expect(await refused(append(stream, [], 0n))).toEqual({ expected: 0n, actual: 1n });
      expect(await idsIn(stream)).toHaveLength(2);
    });

    statement('Id, type, data and metadata are stored unchanged, as JSON and as bytes', async () => {
      const stream = newStream('größe 日本');
      const metadata = { commandId: randomUUID() };
      const json = jsonEvent({ type: 'Größer', data: { text: 'naïve\u0000"\\\u2028' }, metadata });
      const bytes = binaryEvent({ type: 'Bytes', data: Uint8Array.of(0, 255, 92, 120) });
      await append(stream, [json, bytes], NO_STREAM);
      const [first, second] = await collect(open().client.readStream(stream));
      const { id, type, data } = json;
      expect(first).toMatchObject({ id, type, data, metadata, isJson: true, streamId: stream, revision: 0n });
      expect(second).toMatchObject({ id: bytes.id, isJson: false });
      expect([...Buffer.from(second?.data as Uint8Array)]).toEqual([0, 255, 92, 120]);
    });

    statement('An event without a type is refused', async () => {
      const stream = newStream();
      await expect(append(stream, jsonEvent({ type: '', data: {} }), ANY)).rejects.toThrow();
      await expect(idsIn(stream)).rejects.toThrow('not found');
    });

    statement('An append is written whole or not at all when many connections write', async () => {
      const { client, other } = open();
      const appends = Array.from({ length: 24 }, (_, n) => ({ stream: newStream(), proposed: events(1 + (n % 5)) }));
      const written = await Promise.all(
        appends.map(({ stream, proposed }, n) =>
          (n % 2 ? client : other).appendToStream(stream, proposed, { expectedRevision: NO_STREAM }),
        ),
      );
      for (const [n, { stream, proposed }] of appends.entries()) {
        expect(await idsIn(stream)).toEqual(idsOf(proposed));
        expect(written[n]?.nextExpectedRevision).toBe(BigInt(proposed.length - 1));
      }
    });
  });
};
