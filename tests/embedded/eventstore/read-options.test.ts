import { BACKWARDS, binaryEvent, END, EventStoreDBClient, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Advertised, gossipHandler } from '../../../src/embedded/eventstore/discovery/gossip.ts';
import {
  collect,
  events,
  idsOf,
  newStream,
  next,
  rawClient,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

const { Options } = streams.ReadReq;

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

const write = async (stream: string, count: number) => {
  const proposed = events(count);
  await store.client.appendToStream(stream, proposed, { ...unary, expectedRevision: 'any' });
  return idsOf(proposed);
};

const resolved = async (reading: AsyncIterable<ResolvedEvent>) => {
  const all: { event: string | undefined; link: string | undefined }[] = [];
  for await (const { event, link } of reading) all.push({ event: event?.id, link: link?.id });
  return all;
};

describe('Gossip', () => {
  test.each(['esdb+discover://<store>', 'esdb://<store>,<store>', 'esdb://127.0.0.1:1,<store>'])(
    'lets a client with %s find the server and append to it',
    async (url) => {
      const address = `127.0.0.1:${store.server.port}`;
      const client = EventStoreDBClient.connectionString(`${url.replaceAll('<store>', address)}?tls=false`);
      const stream = newStream();
      const proposed = events(1);
      await client.appendToStream(stream, proposed, { ...unary, expectedRevision: 'no_stream' });
      expect(idsOf(await collect(client.readStream(stream)))).toEqual(idsOf(proposed));
      await client.dispose();
    },
  );

  const endPointOf = (advertised: Advertised, host: string, authority = '10.0.0.9:4000') => {
    let answer: gossip.ClusterInfo | null | undefined;
    const call = { getHost: () => authority } as ServerUnaryCall<shared.Empty, gossip.ClusterInfo>;
    gossipHandler(advertised, () => ({ host, port: 2113 }))(call, (_error, cluster) => {
      answer = cluster;
    });
    const members = answer?.getMembersList() ?? [];
    expect(members.map((member) => [member.getState(), member.getIsAlive()])).toEqual([
      [gossip.MemberInfo.VNodeState.LEADER, true],
    ]);
    return members[0]?.getHttpEndPoint()?.toObject();
  };

  test('names the advertised address, or the one at which the server listens', () => {
    expect(endPointOf({ host: 'store.example', port: 443 }, '127.0.0.1')).toEqual({
      address: 'store.example',
      port: 443,
    });
    expect(endPointOf({ host: 'store.example' }, '0.0.0.0')).toEqual({ address: 'store.example', port: 2113 });
    expect(endPointOf({}, '127.0.0.1')).toEqual({ address: '127.0.0.1', port: 2113 });
  });

  test('names the host that the client has called when the server listens on all addresses', () => {
    expect(endPointOf({}, '0.0.0.0')).toEqual({ address: '10.0.0.9', port: 2113 });
    expect(endPointOf({}, '::', 'store.example:2113')).toEqual({ address: 'store.example', port: 2113 });
  });
});

describe('A link', () => {
  const link = (data: string) => binaryEvent({ type: '$>', data: Buffer.from(data) });
  const writeLinks = async (...data: string[]) => {
    const stream = newStream('linking');
    const links = data.map(link);
    await store.client.appendToStream(stream, links, { ...unary, expectedRevision: 'no_stream' });
    return { stream, links: idsOf(links) };
  };

  test('is read as the event that it leads to, together with itself', async () => {
    const target = newStream('a@b');
    const ids = await write(target, 3);
    const { stream, links } = await writeLinks(`2@${target}`, `0@${target}`);
    const expected = [
      { event: ids[2], link: links[0] },
      { event: ids[0], link: links[1] },
    ];
    const { client } = store;
    expect(await resolved(client.readStream(stream, { resolveLinkTos: true }))).toEqual(expected);
    const backwards = { resolveLinkTos: true, direction: BACKWARDS, fromRevision: END, maxCount: 1 } as const;
    expect(await resolved(client.readStream(stream, backwards))).toEqual([expected[1]]);
    const all = await resolved(client.readAll({ resolveLinkTos: true }));
    expect(all.slice(-2)).toEqual(expected);
  });

  test('is an event of its own for a reader that does not resolve links', async () => {
    const target = newStream();
    await write(target, 1);
    const { stream, links } = await writeLinks(`0@${target}`);
    expect(await resolved(store.client.readStream(stream))).toEqual([{ event: links[0], link: undefined }]);
  });

  test('without a target has no event, and one without a number is a plain event', async () => {
    const target = newStream();
    await write(target, 1);
    const missing = [`1@${target}`, `0@${newStream()}`, '0@', '7', '0@a\0b', `9223372036854775807@${target}`];
    const plain = [`-@${target}`, '', `x@${target}`, `9223372036854775808@${target}`];
    const { stream, links } = await writeLinks(...missing, ...plain);
    expect(await resolved(store.client.readStream(stream, { resolveLinkTos: true }))).toEqual([
      ...missing.map((_, n) => ({ event: undefined, link: links[n] })),
      ...plain.map((_, n) => ({ event: links[missing.length + n], link: undefined })),
    ]);
  });

  test('that leads to a link is not followed further', async () => {
    const first = await writeLinks(`0@${newStream()}`);
    const second = await writeLinks(`0@${first.stream}`);
    const [read] = await resolved(store.client.readStream(second.stream, { resolveLinkTos: true }));
    expect(read).toEqual({ event: first.links[0], link: second.links[0] });
  });

  test('is resolved for subscriptions, at the position of the link', async () => {
    const target = newStream();
    const ids = await write(target, 2);
    const { stream, links } = await writeLinks(`1@${target}`);
    const subscription = store.client.subscribeToStream(stream, { resolveLinkTos: true });
    const stored = (await next(subscription, 'data')) as ResolvedEvent;
    expect([stored.event?.id, stored.link?.id]).toEqual([ids[1], links[0]]);
    expect(stored.commitPosition).toBe(stored.link?.position?.commit);
    await store.client.appendToStream(stream, link(`0@${target}`), { ...unary, expectedRevision: 0n });
    const live = (await next(subscription, 'data')) as ResolvedEvent;
    expect(live.event?.id).toBe(ids[0]);
    await subscription.unsubscribe();
  });
});

describe('A read of a stream by a client that asks for positions, as those of .NET and Java do,', () => {
  type ReadSpec = { from?: number; count?: number; backwards?: boolean; asks?: boolean };
  const read = async (stream: string, { from = 0, count = 100, backwards = false, asks = true }: ReadSpec) => {
    const identifier = new shared.StreamIdentifier();
    identifier.setStreamName(Buffer.from(stream));
    const streamOptions = new Options.StreamOptions();
    streamOptions.setStreamIdentifier(identifier);
    streamOptions.setRevision(String(from));
    const options = new Options();
    options.setStream(streamOptions);
    options.setCount(String(count));
    options.setNoFilter(new shared.Empty());
    options.setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
    options.setReadDirection(backwards ? Options.ReadDirection.BACKWARDS : Options.ReadDirection.FORWARDS);
    if (asks) options.setControlOption(new Options.ControlOption().setCompatibility(1));
    const raw = rawClient(store.server.port);
    const replies: string[] = [];
    const call = raw.read(new streams.ReadReq().setOptions(options));
    for await (const reply of call as AsyncIterable<streams.ReadResp>) replies.push(nameOf(reply));
    raw.close();
    return replies;
  };
  const nameOf = (reply: streams.ReadResp): string => {
    if (reply.hasEvent()) return `event ${reply.getEvent()?.getEvent()?.getStreamRevision()}`;
    if (reply.hasFirstStreamPosition()) return `first ${reply.getFirstStreamPosition()}`;
    if (reply.hasLastStreamPosition()) return `last ${reply.getLastStreamPosition()}`;
    return reply.hasStreamNotFound() ? 'not found' : 'other';
  };

  test('ends with the last revision of the stream, however far it came', async () => {
    const stream = newStream();
    await write(stream, 4);
    expect(await read(stream, { from: 2 })).toEqual(['event 2', 'event 3', 'last 3']);
    expect(await read(stream, { count: 1 })).toEqual(['event 0', 'last 3']);
    expect(await read(stream, { from: 1, backwards: true })).toEqual(['event 1', 'event 0', 'last 3']);
    expect(await read(stream, { from: 2, asks: false })).toEqual(['event 2', 'event 3']);
  });

  test('from after the end says where the next event will be, except from exactly there', async () => {
    const stream = newStream();
    await write(stream, 2);
    expect(await read(stream, { from: 7 })).toEqual(['first 2', 'last 1']);
    expect(await read(stream, { from: 2 })).toEqual(['last 1']);
    expect(await read(newStream(), {})).toEqual(['not found']);
  });
});

test('A read with many pages delivers a mix of small and large events in order and completely', async () => {
  const stream = newStream();
  const sizes = [10, 40_000, 10, 700_000, 10, 33_000];
  for (const [n, size] of sizes.entries()) {
    const large = jsonEvent({ type: 'Sized', data: { n, text: 'x'.repeat(size) } });
    await store.client.appendToStream(stream, [...events(150), large], { ...unary, expectedRevision: 'any' });
  }
  const byStream = await collect(store.client.readStream(stream));
  expect(byStream).toHaveLength(151 * sizes.length);
  const byLog = (await collect(store.client.readAll())).filter((read) => read.streamId === stream);
  expect(byLog).toEqual(byStream);
});
