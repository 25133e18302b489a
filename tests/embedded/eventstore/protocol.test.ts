import { randomUUID } from 'node:crypto';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status } from '@grpc/grpc-js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, event, newStream, rawClient, startTestStore, type TestStore, unary } from './harness.ts';

const { AppendReq, BatchAppendReq, ReadReq } = streams;

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

const identifier = (stream: string | Uint8Array) => {
  const named = new shared.StreamIdentifier();
  named.setStreamName(typeof stream === 'string' ? Buffer.from(stream) : stream);
  return named;
};

const uuid = (id: string) => {
  const message = new shared.UUID();
  message.setString(id);
  return message;
};

describe('GetSupportedMethods', () => {
  test('lists exactly the implemented methods', async () => {
    const client = new ServerFeaturesClient(`127.0.0.1:${store.server.port}`, credentials.createInsecure());
    const answer = await new Promise<{ methods: string[]; version: string }>((resolve, reject) =>
      client.getSupportedMethods(new shared.Empty(), (error, response) => {
        if (error) return reject(error);
        const methods = response
          .getMethodsList()
          .map((method) =>
            `${method.getServiceName()}/${method.getMethodName()} ${method.getFeaturesList()}`.trimEnd(),
          );
        resolve({ methods, version: response.getEventStoreServerVersion() });
      }),
    );
    client.close();
    expect(answer).toEqual({
      version: '24.6.0',
      methods: [
        'event_store.client.gossip.gossip/read',
        'event_store.client.server_features.serverfeatures/getsupportedmethods',
        'event_store.client.streams.streams/append',
        'event_store.client.streams.streams/batchappend deadline_duration',
        'event_store.client.streams.streams/delete',
        'event_store.client.streams.streams/read position,events',
        'event_store.client.streams.streams/tombstone',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/list stream,all',
      ],
    });
  });
});

describe('Append', () => {
  const appendRaw = (...requests: streams.AppendReq[]) =>
    new Promise<streams.AppendResp>((resolve, reject) => {
      const call = raw.append((error, response) => (error ? reject(error) : resolve(response)));
      for (const request of requests) call.write(request);
      call.end();
    });

  const options = (stream: string | Uint8Array) => {
    const appendOptions = new AppendReq.Options();
    appendOptions.setStreamIdentifier(identifier(stream));
    appendOptions.setAny(new shared.Empty());
    const request = new AppendReq();
    request.setOptions(appendOptions);
    return request;
  };

  const proposed = (properties: Record<string, string>, id = uuid(randomUUID())) => {
    const message = new AppendReq.ProposedMessage();
    message.setId(id);
    for (const [name, value] of Object.entries(properties)) message.getMetadataMap().set(name, value);
    const request = new AppendReq();
    request.setProposedMessage(message);
    return request;
  };
  const json = { type: 'Counted', 'content-type': 'application/json' };

  test('names the missing properties of an event', async () => {
    const error = await appendRaw(options('license-1'), proposed({ type: 'Counted' })).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error.metadata.get('exception')).toEqual(['missing-required-metadata-property']);
  });

  test('refuses events without options, a stream without a name and a name that is not UTF-8', async () => {
    await expect(appendRaw(proposed(json))).rejects.toThrow('An append starts with its options');
    await expect(appendRaw(options(''), proposed(json))).rejects.toThrow('The stream name is empty');
    await expect(appendRaw(options(Uint8Array.of(0xff)), proposed(json))).rejects.toThrow('not UTF-8');
    await expect(appendRaw(new AppendReq().setOptions(new AppendReq.Options()))).rejects.toThrow(
      'stream name is empty',
    );
  });

  test('accepts an id as two numbers, and a read returns it in both forms', async () => {
    const structured = new shared.UUID.Structured();
    structured.setMostSignificantBits('-1');
    structured.setLeastSignificantBits('4660');
    const id = new shared.UUID();
    id.setStructured(structured);
    await appendRaw(options('structured-1'), proposed(json, id));
    const [read] = await collect(store.client.readStream('structured-1'));
    expect(read?.id).toBe('ffffffff-ffff-ffff-0000-000000001234');

    const readOptions = new ReadReq.Options();
    readOptions.setStream(
      new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier('structured-1')).setStart(new shared.Empty()),
    );
    readOptions.setCount('1');
    readOptions.setNoFilter(new shared.Empty());
    readOptions.setUuidOption(new ReadReq.Options.UUIDOption().setStructured(new shared.Empty()));
    const call = raw.read(new ReadReq().setOptions(readOptions));
    const response = await new Promise<streams.ReadResp>((resolve, reject) => {
      call.once('data', resolve).once('error', reject);
    });
    const back = response.getEvent()?.getEvent()?.getId()?.getStructured();
    expect([back?.getMostSignificantBits(), back?.getLeastSignificantBits()]).toEqual(['-1', '4660']);
  });
});

describe('Read', () => {
  const readRaw = async (options: streams.ReadReq.Options) => {
    const read: streams.ReadResp[] = [];
    for await (const response of raw.read(new ReadReq().setOptions(options))) read.push(response);
    return read;
  };

  const all = (count: number) => {
    const options = new ReadReq.Options();
    options.setAll(new ReadReq.Options.AllOptions().setStart(new shared.Empty()));
    options.setCount(String(count));
    options.setNoFilter(new shared.Empty());
    options.setUuidOption(new ReadReq.Options.UUIDOption().setString(new shared.Empty()));
    return options;
  };

  const prefix = (multiplier: number, ...prefixes: string[]) => {
    const filter = new ReadReq.Options.FilterOptions();
    filter.setStreamIdentifier(new ReadReq.Options.FilterOptions.Expression().setPrefixList(prefixes));
    filter.setCheckpointintervalmultiplier(multiplier);
    return filter;
  };

  test('of $all with a filter counts only the events that match', async () => {
    for (const n of [1, 2, 3]) {
      for (const name of ['filtered', 'other']) await store.client.appendToStream(`${name}-${n}`, event(), unary);
    }
    const read = await readRaw(all(2).setFilter(prefix(1, 'filtered-')));
    const streamOf = (response: streams.ReadResp) =>
      Buffer.from(response.getEvent()?.getEvent()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
    expect(read.map(streamOf)).toEqual(['filtered-1', 'filtered-2']);
  });

  test.each([
    ['a request without options', () => new ReadReq.Options(), /neither a stream nor \$all/],
    ['a filter without prefixes', () => all(1).setFilter(prefix(1)), /at least one prefix/],
    ['a checkpoint interval of 0', () => all(1).setFilter(prefix(0, 'a')), /checkpoint interval/],
    ['an unknown direction', () => all(1).setReadDirection(7 as 0), /direction is unknown/],
    [
      'a subscription that reads backwards',
      () => all(1).setSubscription(new ReadReq.Options.SubscriptionOptions()).setReadDirection(1),
      /reads forwards/,
    ],
  ])('refuses %s', async (_, options, sentence) => {
    await expect(readRaw(options())).rejects.toThrow(sentence);
  });
});

describe('BatchAppend', () => {
  const message = () => {
    const one = new BatchAppendReq.ProposedMessage();
    one.setId(uuid(randomUUID()));
    one.getMetadataMap().set('type', 'Counted').set('content-type', 'application/json');
    one.setData(Buffer.from('{}'));
    return one;
  };

  const part = (correlationId: string, isFinal: boolean, messages: streams.BatchAppendReq.ProposedMessage[]) => {
    const request = new BatchAppendReq();
    request.setCorrelationId(uuid(correlationId));
    request.setIsFinal(isFinal);
    request.setProposedMessagesList(messages);
    return request;
  };

  const options = (stream: string, deadline?: Date) => {
    const batchOptions = new BatchAppendReq.Options();
    batchOptions.setStreamIdentifier(identifier(stream));
    batchOptions.setNoStream(new emptyPb.Empty());
    if (deadline) batchOptions.setDeadline(timestampPb.Timestamp.fromDate(deadline));
    return batchOptions;
  };

  const batchRaw = async (...requests: streams.BatchAppendReq[]) => {
    const call = raw.batchAppend();
    for (const request of requests) call.write(request);
    call.end();
    const replies: streams.BatchAppendResp[] = [];
    for await (const reply of call) replies.push(reply);
    return replies;
  };

  test('assembles appends whose parts arrive mixed, and answers each append exactly once', async () => {
    const [a, b] = [newStream(), newStream()];
    const replies = await batchRaw(
      part('a', false, []).setOptions(options(a)),
      part('b', false, [message()]).setOptions(options(b)),
      part('a', false, [message(), message()]),
      part('b', true, []),
      part('a', true, [message()]),
    );
    const results = replies.map((reply) => ({
      id: reply.getCorrelationId()?.getString(),
      stream: Buffer.from(reply.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
      revision: reply.getSuccess()?.getCurrentRevision(),
    }));
    expect(results.toSorted((x, y) => (x.id ?? '').localeCompare(y.id ?? ''))).toEqual([
      { id: 'a', stream: a, revision: '2' },
      { id: 'b', stream: b, revision: '0' },
    ]);
  });

  test('answers an append after its deadline with a timeout, and does not write it', async () => {
    const stream = newStream();
    const late = part('late', true, [message()]).setOptions(options(stream, new Date(Date.now() - 1)));
    const [reply] = await batchRaw(late);
    expect(reply?.getError()?.getDetails()?.getTypeName()).toBe('event_store.client.Timeout');
    await expect(collect(store.client.readStream(stream))).rejects.toThrow(/not found/);
  });

  test('answers an append without options with an error, and writes the others', async () => {
    const stream = newStream();
    const replies = await batchRaw(
      part('bad', true, [message()]),
      part('good', true, [message()]).setOptions(options(stream, new Date(Date.now() + 20_000))),
    );
    const outcome = Object.fromEntries(
      replies.map((reply) => [reply.getCorrelationId()?.getString(), reply.getError()?.getMessage() ?? 'written']),
    );
    expect(outcome).toEqual({ bad: 'An append starts with its options', good: 'written' });
  });
});
