import { NO_STREAM, UnavailableError } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endSubscriptions } from '../../../src/embedded/eventstore/faults.ts';
import {
  appendPaths,
  collect,
  event,
  events,
  idsOf,
  newStream,
  next,
  record,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

let store: TestStore;
beforeEach(async () => {
  store = await startTestStore();
});
afterEach(() => store.stop());

describe.each(appendPaths)('$path', ({ by }) => {
  test('repeated after a reply that never came stores its events once and returns the lost answer', async () => {
    const stream = newStream();
    const proposed = events(2);
    store.server.faults.dropReplies = 1;
    const lost = store.client.appendToStream(stream, proposed, { ...by, expectedRevision: NO_STREAM, deadline: 1_000 });
    await expect(lost).rejects.toMatchObject({ type: 'deadline-exceeded' });
    const again = await store.client.appendToStream(stream, proposed, { ...by, expectedRevision: NO_STREAM });
    expect(again.nextExpectedRevision).toBe(1n);
    const read = await collect(store.client.readStream(stream));
    expect(idsOf(read)).toEqual(idsOf(proposed));
    expect(again.position).toEqual(read[1]?.position);
  });

  test('repeated after a lost connection stores its events once', async () => {
    const stream = newStream();
    const proposed = event();
    store.server.faults.droppedReply = 'unavailable';
    let replies = 0;
    store.server.faults.dropReply = () => {
      replies += 1;
      return replies === 1;
    };
    const lost = store.client.appendToStream(stream, proposed, { ...by, expectedRevision: NO_STREAM });
    await expect(lost).rejects.toBeInstanceOf(UnavailableError);
    await store.client.appendToStream(stream, proposed, { ...by, expectedRevision: NO_STREAM });
    expect(await collect(store.client.readStream(stream))).toHaveLength(1);
  });

  test('succeeds when its reply is delayed, and can be refused with any status for a while', async () => {
    const stream = newStream();
    store.server.faults.replyDelayMs = 30;
    await store.client.appendToStream(stream, event(), { ...by, expectedRevision: NO_STREAM });
    store.server.faults.refuseAppends = { code: status.RESOURCE_EXHAUSTED, details: 'no room today' };
    await expect(store.client.appendToStream(stream, event(), by)).rejects.toThrow('no room today');
    store.server.faults.refuseAppends = undefined;
    await store.client.appendToStream(stream, event(), { ...by, expectedRevision: 0n });
  });
});

test('Reads and subscriptions can be refused with any status', async () => {
  store.server.faults.refuseReads = { code: status.INTERNAL, details: 'broken disk' };
  await expect(collect(store.client.readAll())).rejects.toThrow('broken disk');
  expect(await next(store.client.subscribeToAll(), 'error')).toMatchObject({ message: /broken disk/ });
});

test('Open subscriptions can be ended with OK, as by a server that shuts down in order', async () => {
  const subscription = store.client.subscribeToAll();
  record(subscription);
  await next(subscription, 'caughtUp');
  const ended = next(subscription, 'end');
  endSubscriptions(store.server.faults);
  await ended;
  expect(store.server.faults.openSubscriptions.size).toBe(0);
});

test('A subscription that hangs stays open and silent, and later goes on without a gap', async () => {
  const subscription = store.client.subscribeToAll();
  const recording = record(subscription);
  await next(subscription, 'caughtUp');
  store.server.faults.subscriptionsHang = true;
  const write = () => {
    const proposed = event();
    return store.client.appendToStream(newStream(), proposed, unary).then(() => proposed.id);
  };
  const silent = [await write(), await write()];
  await collect(store.client.readAll());
  expect(recording.received).toEqual([]);
  store.server.faults.subscriptionsHang = false;
  const ids = [...silent, await write()];
  await recording.atLeast(3);
  expect(idsOf(recording.received)).toEqual(ids);
});

test('A write that Postgres refuses does not move the end of the log', async () => {
  const stream = newStream();
  const { position } = await store.client.appendToStream(stream, event(), unary);
  const db = new pg.Client(store.databaseUrl);
  await db.connect();
  await db.query(`alter table eventstore.events add constraint refused check (type <> 'Refused')`);
  await db.end();
  const refused = store.client.appendToStream(stream, { ...event(), type: 'Refused' }, unary);
  await expect(refused).rejects.toThrow(/Nothing was written/);
  // An append without events answers the end of the log.
  expect((await store.client.appendToStream(stream, [], unary)).position).toEqual(position);
});
