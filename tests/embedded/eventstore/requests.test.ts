import { once } from 'node:events';
import { persistentSubscriptionToStreamSettingsFromDefaults } from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb.js';
import operationsPb from '@eventstore/db-client/generated/operations_pb.js';
import { PersistentSubscriptionsClient } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status } from '@grpc/grpc-js';
import durationPb from 'google-protobuf/google/protobuf/duration_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  collect,
  event,
  events,
  newStream,
  next,
  rawClient,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

const { BatchAppendReq, ReadReq } = streams;

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

const identifier = (stream: string) => {
  const named = new shared.StreamIdentifier();
  named.setStreamName(Buffer.from(stream));
  return named;
};

describe('A read', () => {
  const empty = () => new shared.Empty();
  const stream = () => new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier('order-1'));
  const all = (commit: bigint, prepare: bigint) => {
    const position = new ReadReq.Options.Position();
    position.setCommitPosition(String(commit));
    position.setPreparePosition(String(prepare));
    return complete().setAll(new ReadReq.Options.AllOptions().setPosition(position));
  };
  const complete = () =>
    new ReadReq.Options()
      .setStream(stream().setStart(empty()))
      .setCount('1')
      .setNoFilter(empty())
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(empty()));
  const without = (clear: (options: streams.ReadReq.Options) => void) => {
    const options = complete();
    clear(options);
    return options;
  };
  const read = async (options: streams.ReadReq.Options) => {
    const responses: streams.ReadResp[] = [];
    for await (const response of raw.read(new ReadReq().setOptions(options))) responses.push(response);
    return responses;
  };

  test('that names every option is answered', async () => {
    expect((await read(complete()))[0]?.hasStreamNotFound()).toBe(true);
    for (const options of [all(0n, 0n), all(2n ** 64n - 1n, 2n ** 64n - 1n)]) await read(options);
    const toEnd = complete().setStream(stream().setRevision(String(2n ** 64n - 1n)));
    expect((await read(toEnd))[0]?.hasStreamNotFound()).toBe(true);
  });

  test.each([
    ['without uuid_option', () => without((options) => options.clearUuidOption()), /uuid_option/],
    ['without a filter option', () => without((options) => options.clearNoFilter()), /nor no_filter/],
    ['without a count', () => without((options) => options.clearCount()), /neither a count/],
    ['without a stream', () => without((options) => options.clearStream()), /neither a stream/],
    ['of a stream from nowhere', () => complete().setStream(stream()), /nor start nor end/],
    ['of $all from nowhere', () => complete().setAll(new ReadReq.Options.AllOptions()), /nor start nor end/],
    ['from a revision beyond 63 bits', () => complete().setStream(stream().setRevision(String(2n ** 63n))), /revision/],
    ['from a position beyond 63 bits', () => all(2n ** 63n, 0n), /position/],
    ['from a position whose commit is before its prepare', () => all(5n, 6n), /position is invalid/],
  ])('%s is an invalid argument', async (_, options, sentence) => {
    await expect(read(options())).rejects.toMatchObject({
      ...{ code: status.INVALID_ARGUMENT, details: expect.stringMatching(sentence) },
    });
  });
});

test('A position between two events is refused by every read of $all, and one after the end waits', async () => {
  for (let n = 0; n < 3; n += 1) await store.client.appendToStream(newStream('order'), event(), unary);
  const last = (await collect(store.client.readAll())).at(-1)?.position ?? { commit: 0n, prepare: 0n };
  const [between, after] = [-1n, 1n].map((step) => ({ commit: last.commit + step, prepare: last.commit + step }));
  if (!between || !after) throw new Error('There are two positions');
  for (const direction of ['forwards', 'backwards'] as const)
    await expect(collect(store.client.readAll({ direction, fromPosition: between }))).rejects.toThrow(
      /INVALID_ARGUMENT: No event is at the position/,
    );
  const refused = await next(store.client.subscribeToAll({ fromPosition: between }), 'error');
  expect(String(refused)).toMatch(/No event is at the position/);
  expect(await collect(store.client.readAll({ fromPosition: after }))).toEqual([]);
  const waiting = store.client.subscribeToAll({ fromPosition: after });
  await next(waiting, 'caughtUp');
  await waiting.unsubscribe();
});

describe('An append', () => {
  test('without events returns the end of the log as its position', async () => {
    const stream = newStream('order');
    const { position } = await store.client.appendToStream(stream, event(), unary);
    for (const by of [unary, {}]) {
      expect((await store.client.appendToStream(stream, [], by)).position).toEqual(position);
    }
  });

  test('takes stream names and event types of 2,600 bytes', async () => {
    const stream = `order-${'ü'.repeat(1_297)}`;
    const type = 'ü'.repeat(1_300);
    await store.client.appendToStream(stream, { ...event(), type }, unary);
    await store.client.setStreamMetadata(`order-${'x'.repeat(2_592)}`, { maxCount: 1 });
    const [recorded] = await collect(store.client.readStream(stream));
    expect(recorded).toMatchObject({ streamId: stream, type });
  });
});

describe('BatchAppend', () => {
  const part = (id: string, isFinal: boolean, options?: streams.BatchAppendReq.Options) => {
    const message = new BatchAppendReq.ProposedMessage();
    message.setId(new shared.UUID().setString(event().id));
    message.getMetadataMap().set('type', 'Counted').set('content-type', 'application/json');
    message.setData(Buffer.from('{}'));
    const request = new BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setIsFinal(isFinal);
    request.addProposedMessages(message);
    return options ? request.setOptions(options) : request;
  };
  const optionsOf = (stream: string) => {
    const options = new BatchAppendReq.Options();
    options.setStreamIdentifier(identifier(stream));
    options.setNoStream(new emptyPb.Empty());
    return options;
  };
  const replyOf = (reply: streams.BatchAppendResp) => {
    const error = reply.getError();
    const result = error ? { code: error.getCode(), kind: error.getDetails()?.getTypeName() } : 'written';
    return [reply.getCorrelationId()?.getString(), result, error?.getMessage()];
  };
  const send = async (...requests: streams.BatchAppendReq[]) => {
    const call = raw.batchAppend();
    for (const request of requests) call.write(request);
    call.end();
    const replies: ReturnType<typeof replyOf>[] = [];
    for await (const reply of call) replies.push(replyOf(reply));
    return replies.toSorted(([x], [y]) => String(x).localeCompare(String(y)));
  };

  test('reports errors by the codes and names of EventStoreDB', async () => {
    const [taken, deleted] = [newStream('order'), newStream('order')];
    await store.client.appendToStream(taken, events(2), unary);
    await store.client.tombstoneStream(deleted);
    const late = optionsOf(newStream()).setDeadline(timestampPb.Timestamp.fromDate(new Date(0)));
    const large = part('large', true, optionsOf(newStream()));
    large.getProposedMessagesList()[0]?.setData(new Uint8Array(1024 * 1024 + 1));
    expect(
      await send(
        part('deleted', true, optionsOf(deleted)),
        large,
        part('late', true, late),
        part('nameless', true, optionsOf('')),
        part('taken', true, optionsOf(taken)),
      ),
    ).toEqual([
      ['deleted', { code: 5, kind: 'event_store.client.StreamDeleted' }, 'StreamDeleted'],
      ['large', { code: 3, kind: 'event_store.client.MaximumAppendSizeExceeded' }, 'MaximumAppendSizeExceeded'],
      ['late', { code: 4, kind: 'event_store.client.Timeout' }, 'Timeout'],
      ['nameless', { code: 3, kind: 'event_store.client.BadRequest' }, 'The stream name is empty'],
      ['taken', { code: 6, kind: 'event_store.client.WrongExpectedVersion' }, 'WrongExpectedVersion'],
    ]);
  });

  test('answers each append exactly once: parts that are missing, and parts that come again', async () => {
    const [stream, repeated, half] = [newStream('order'), newStream('order'), newStream('order')];
    const call = raw.batchAppend();
    const replies: ReturnType<typeof replyOf>[] = [];
    call.on('data', (reply) => replies.push(replyOf(reply)));
    const ended = once(call, 'end');
    call.write(part('again', true, optionsOf(stream)));
    call.write(part('again', true, optionsOf(repeated)));
    call.write(part('later', true, optionsOf(newStream('order'))));
    await vi.waitFor(() => expect(replies.map(([id]) => id)).toContain('later'), 20_000);
    call.write(part('half', false, optionsOf(half)));
    call.end();
    await ended;
    expect(replies).toEqual([
      ['again', 'written', undefined],
      ['later', 'written', undefined],
      ['half', { code: 3, kind: 'event_store.client.BadRequest' }, expect.stringContaining('before the last part')],
    ]);
    for (const unwritten of [repeated, half])
      await expect(collect(store.client.readStream(unwritten))).rejects.toThrow(/not found/);
  });

  test('answers an append whose last part does not come before its deadline, and ignores that part later', async () => {
    const call = raw.batchAppend();
    const soon = optionsOf(newStream()).setDeadline(timestampPb.Timestamp.fromDate(new Date(Date.now() + 20)));
    call.write(part('slow', false, soon));
    const reply = await new Promise<streams.BatchAppendResp>((resolve) => call.once('data', resolve));
    expect(replyOf(reply)).toEqual(['slow', { code: 4, kind: 'event_store.client.Timeout' }, 'Timeout']);
    call.write(part('slow', true));
    call.end();
    const later: streams.BatchAppendResp[] = [];
    for await (const response of call) later.push(response);
    expect(later).toEqual([]);
  });

  /** The message with field 7 of its options, the deadline of newer clients, which the generated code does not know. */
  const withDuration = (request: streams.BatchAppendReq, seconds: number) => {
    const duration = new durationPb.Duration().setSeconds(seconds).serializeBinary();
    const options = Buffer.from(request.getOptions()?.serializeBinary() ?? []);
    const extended = Buffer.concat([options, Buffer.from([7 * 8 + 2, duration.length]), duration]);
    request.clearOptions();
    return Buffer.concat([request.serializeBinary(), Buffer.from([2 * 8 + 2, extended.length]), extended]);
  };

  test('takes the deadline as a duration', async () => {
    const [late, early] = [newStream('order'), newStream('order')];
    const call = raw.makeBidiStreamRequest(
      '/event_store.client.streams.Streams/BatchAppend',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => streams.BatchAppendResp.deserializeBinary(bytes),
    );
    call.write(withDuration(part('late', true, optionsOf(late)), -1));
    call.write(withDuration(part('in time', true, optionsOf(early)), 60));
    call.end();
    const replies: unknown[] = [];
    for await (const reply of call) replies.push(replyOf(reply).slice(0, 2));
    expect(replies).toEqual(
      expect.arrayContaining([
        ['late', { code: 4, kind: 'event_store.client.Timeout' }],
        ['in time', 'written'],
      ]),
    );
    await expect(collect(store.client.readStream(late))).rejects.toThrow(/not found/);
  });
});

describe('What this server does not implement', () => {
  test('says what to use instead', async () => {
    const settings = persistentSubscriptionToStreamSettingsFromDefaults();
    await expect(store.client.createPersistentSubscriptionToStream('order-1', 'group', settings)).rejects.toThrow(
      /UNIMPLEMENTED: Persistent subscriptions .* Use a catch-up subscription/,
    );
    await expect(store.client.createProjection('counts', 'fromAll()')).rejects.toThrow(/Fold the events/);
    const operations = new OperationsClient(`127.0.0.1:${store.server.port}`, credentials.createInsecure());
    const refusal = await new Promise((resolve) =>
      operations.startScavenge(new operationsPb.StartScavengeReq(), resolve),
    );
    operations.close();
    expect(refusal).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringMatching(/never removes events/),
    });
    const subscription = store.client.subscribeToPersistentSubscriptionToStream('order-1', 'group');
    const error = await new Promise((resolve) => subscription.once('error', resolve));
    expect(String(error)).toMatch(/Use a catch-up subscription/);
  });

  test('lists no persistent subscriptions', async () => {
    const client = new PersistentSubscriptionsClient(`127.0.0.1:${store.server.port}`, credentials.createInsecure());
    const options = new persistent.ListReq.Options().setListAllSubscriptions(new shared.Empty());
    const listed = await new Promise<persistent.ListResp>((resolve, reject) =>
      client.list(new persistent.ListReq().setOptions(options), (error, response) =>
        error ? reject(error) : resolve(response),
      ),
    );
    client.close();
    expect(listed.getSubscriptionsList()).toEqual([]);
    expect(await store.client.listAllPersistentSubscriptions()).toEqual([]);
  });
});
