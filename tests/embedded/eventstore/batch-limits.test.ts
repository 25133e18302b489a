import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServiceError } from '@grpc/grpc-js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, newStream, rawClient, startTestStore, type TestStore } from './harness.ts';

const { BatchAppendReq } = streams;

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

type Part = { readonly isFinal?: boolean; readonly deadline?: Date; readonly bytes?: number };

/** A part of an append to a new stream. Its metadata have so many bytes. */
const part = (id: string, { isFinal = false, deadline, bytes = 0 }: Part = {}) => {
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(newStream('order'))));
  options.setAny(new emptyPb.Empty());
  if (deadline) options.setDeadline(timestampPb.Timestamp.fromDate(deadline));
  const message = new BatchAppendReq.ProposedMessage();
  message.setId(new shared.UUID().setString(event().id));
  message.getMetadataMap().set('type', 'Counted').set('content-type', 'application/json');
  message.setCustomMetadata(new Uint8Array(bytes));
  const request = new BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setIsFinal(isFinal);
  request.addProposedMessages(message);
  return request.setOptions(options);
};

/** Sends these parts. Resolves with how many appends were written and refused, or with the error of the call. */
const send = async (parts: Iterable<streams.BatchAppendReq>) => {
  const call = rawClient(store.server.port).batchAppend();
  for (const each of parts) call.write(each);
  call.end();
  const counts = { written: 0, refused: 0 };
  try {
    for await (const reply of call) counts[reply.hasError() ? 'refused' : 'written'] += 1;
    return counts;
  } catch (error) {
    return (error as ServiceError).details;
  }
};

describe('A call of BatchAppend', () => {
  test('may have any number of appends that were answered at their deadline without a last part', async () => {
    const deadline = new Date(0);
    const late = Array.from({ length: 1_200 }, (_, n) => part(`late-${n}`, { deadline }));
    const call = rawClient(store.server.port).batchAppend();
    for (const each of late) call.write(each);
    let refused = 0;
    for await (const reply of call) {
      if (!reply.hasError()) break;
      refused += 1;
      if (refused === late.length) call.write(part('in-time', { isFinal: true }));
    }
    expect(refused).toBe(late.length);
    call.cancel();
  });

  test('has at most 1,000 unfinished appends', async () => {
    const unfinished = (count: number) => Array.from({ length: count }, (_, n) => part(`part-${n}`));
    expect(await send(unfinished(1_000))).toEqual({ written: 0, refused: 1_000 });
    expect(await send(unfinished(1_001))).toBe('More than 1000 unfinished appends');
  });

  test('has at most 64 MiB of unfinished appends', async () => {
    const large = (isFinal: boolean) =>
      Array.from({ length: 5 }, (_, n) => part(`part-${n}`, { isFinal, bytes: 15 * 1024 * 1024 }));
    expect(await send(large(true))).toEqual({ written: 5, refused: 0 });
    expect(await send(large(false))).toBe('More than 67108864 bytes of unfinished appends');
  });
});
