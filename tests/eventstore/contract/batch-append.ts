import streams from '@eventstore/db-client/generated/streams_pb.js';
import { makeClientConstructor } from '@grpc/grpc-js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { describe, expect } from 'vitest';
import { storeAddress } from '../../support/protocol-clients.ts';
import { batchEvent, batchOptions, batchPart, kindsOf, nameOf, sendBatch, sendRead, streamRead } from './requests.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

const resultsOf = (replies: readonly streams.BatchAppendResp[]) =>
  Object.fromEntries(
    replies.map((reply) => [
      reply.getCorrelationId()?.getString() ?? '',
      {
        stream: nameOf(reply.getStreamIdentifier()),
        result: reply.getSuccess()?.getCurrentRevision() ?? reply.getError()?.getDetails()?.getTypeName(),
      },
    ]),
  );

const [one, two] = ['11111111-0000-4000-8000-000000000000', '22222222-0000-4000-8000-000000000000'];

/** Checks the replies of BatchAppend as the protocol has them. */
export const describeBatchAppend = (open: () => ContractServer): void => {
  describe('BatchAppend, replies:', () => {
    statement(
      'Parts of two appends may arrive mixed, and each append gets exactly one reply with its stream',
      async () => {
        const [a, b] = [newStream(), newStream()];
        const replies = await sendBatch(
          open(),
          batchPart(one, [], { options: batchOptions(a), isFinal: false }),
          batchPart(two, [batchEvent()], { options: batchOptions(b), isFinal: false }),
          batchPart(one, [batchEvent(), batchEvent()], { isFinal: false }),
          batchPart(two, []),
          batchPart(one, [batchEvent()]),
        );
        expect(replies).toHaveLength(2);
        expect(resultsOf(replies)).toEqual({ [one]: { stream: a, result: '2' }, [two]: { stream: b, result: '0' } });
      },
    );

    statement('A refused append gets one reply with its stream, and the next append is written', async () => {
      const [a, b] = [newStream(), newStream()];
      const replies = await sendBatch(
        open(),
        batchPart(one, [batchEvent()], { options: batchOptions(a, 5) }),
        batchPart(two, [batchEvent()], { options: batchOptions(b) }),
      );
      expect(replies).toHaveLength(2);
      expect(resultsOf(replies)).toEqual({
        [one]: { stream: a, result: 'event_store.client.WrongExpectedVersion' },
        [two]: { stream: b, result: '0' },
      });
    });

    statement('An error says its type with the prefix type.googleapis.com', async () => {
      const options = batchOptions(newStream(), 5);
      const [reply] = await sendBatch(open(), batchPart(one, [batchEvent()], { options }));
      expect(reply?.getError()?.getDetails()?.getTypeUrl()).toBe(
        'type.googleapis.com/event_store.client.WrongExpectedVersion',
      );
      expect(reply?.getStreamPosition()).toBe('5');
    });

    statement('An append after its deadline gets a timeout', async () => {
      const stream = newStream();
      const options = batchOptions(stream);
      options.setDeadline(timestampPb.Timestamp.fromDate(new Date(Date.now() - 5_000)));
      const [reply] = await sendBatch(open(), batchPart(one, [batchEvent()], { options }));
      expect(reply?.getError()?.getDetails()?.getTypeName()).toBe('event_store.client.Timeout');
    });

    statement('An append before its deadline is written', async () => {
      const options = batchOptions(newStream());
      options.setDeadline(timestampPb.Timestamp.fromDate(new Date(Date.now() + 60_000)));
      const [reply] = await sendBatch(open(), batchPart(one, [batchEvent()], { options }));
      expect(reply?.getSuccess()?.getCurrentRevision()).toBe('0');
    });

    statement('An append whose deadline is a Duration of 20 seconds is written', async () => {
      const [server, stream] = [open(), newStream()];
      await sendBytes(server, withDuration(stream, 20));
      expect(kindsOf(await sendRead(server, streamRead(stream)))).toContain('event');
    });

    statement('The position of a written append is that of its last event', async () => {
      const [server, stream] = [open(), newStream()];
      const part = batchPart(one, [batchEvent(), batchEvent()], { options: batchOptions(stream) });
      const [reply] = await sendBatch(server, part);
      const recorded = (await sendRead(server, streamRead(stream))).flatMap((message) => {
        const read = message.getEvent()?.getEvent();
        return read ? [read.getCommitPosition()] : [];
      });
      expect(recorded).toHaveLength(2);
      expect(reply?.getSuccess()?.getPosition()?.getCommitPosition()).toBe(recorded[1]);
    });
  });
};

/** Returns a BatchAppend with the newer field 7 of its options, which the client's definitions do not have. */
const withDuration = (stream: string, seconds: number): Buffer => {
  const field = (number: number, bytes: Uint8Array) => {
    const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  const duration = field(7, Buffer.from([1 << 3, seconds]));
  const options = Buffer.concat([batchOptions(stream).serializeBinary(), duration]);
  const rest = batchPart(one, [batchEvent()]).serializeBinary();
  return Buffer.concat([rest, field(2, options)]);
};

/** Sends one BatchAppend as these bytes and waits for the reply. */
const sendBytes = async ({ url, login }: ContractServer, bytes: Buffer): Promise<void> => {
  const unchanged = (each: Buffer) => each;
  const path = '/event_store.client.streams.Streams/BatchAppend';
  const codec = {
    ...{ requestSerialize: unchanged, requestDeserialize: unchanged },
    ...{ responseSerialize: unchanged, responseDeserialize: unchanged },
  };
  const Client = makeClientConstructor({}, 'Bytes');
  const { host, channel } = storeAddress(url);
  const client = new Client(host, channel);
  const call = client.makeBidiStreamRequest(path, codec.requestSerialize, codec.responseDeserialize, login);
  call.write(bytes);
  call.end();
  for await (const reply of call) {
    const error = streams.BatchAppendResp.deserializeBinary(reply).getError();
    if (error) throw new Error(error.getMessage());
  }
  client.close();
};
