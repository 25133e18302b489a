import { EventEmitter } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCommitNotifier } from '../../../src/embedded/eventstore/commit-notifier.ts';
import { noFaults } from '../../../src/embedded/eventstore/faults.ts';
import { outgoing } from '../../../src/embedded/eventstore/outgoing.ts';
import { copyEvents } from '../../../src/embedded/eventstore/reading/copied-page.ts';
import { afterAll as afterAllEvents, readBulkPage, readPage } from '../../../src/embedded/eventstore/reading/pages.ts';
import type { Subscribe } from '../../../src/embedded/eventstore/reading/read-request.ts';
import { collectReplies, type ReplyBatch } from '../../../src/embedded/eventstore/reading/reply-batch.ts';
import { followLog } from '../../../src/embedded/eventstore/reading/subscribe.ts';
import { event, events, startTestStore, type TestStore, unary } from './harness.ts';

let store: TestStore;
let db: pg.Pool;
beforeAll(async () => {
  store = await startTestStore();
  db = new pg.Pool({ connectionString: store.databaseUrl });
  await store.client.appendToStream('license-1', events(700), { ...unary, expectedRevision: 'any' });
});
afterAll(async () => {
  await db.end();
  await store.stop();
});

/** Creates a call whose client accepts only as many batches of messages as the test allows. */
const slowCall = () => {
  const emitter = new EventEmitter();
  const written: ReplyBatch[] = [];
  let remaining = 0;
  let onFull = () => {};
  const call = {
    on: (name: 'drain', listener: () => void) => emitter.on(name, listener),
    write: (batch: ReplyBatch) => {
      written.push(batch);
      remaining -= 1;
      if (remaining <= 0) setImmediate(() => onFull());
      return remaining > 0;
    },
  };
  /** Accepts so many batches; resolves when they have arrived. */
  const take = (count: number) =>
    new Promise<void>((resolve) => {
      remaining = count;
      onFull = resolve;
      emitter.emit('drain');
    });
  return { call, written, take };
};

const bytesOf = ({ messages }: ReplyBatch) => messages.reduce((sum, { length }) => sum + length, 0);

test('A subscription sends only as much as its client accepts, and then reads the next page', async () => {
  const { call, written, take } = slowCall();
  let pagesRead = 0;
  const counting = new Proxy(db, {
    get: (pool, name) => {
      if (name === 'connect' || name === 'query') pagesRead += 1;
      const value: unknown = Reflect.get(pool, name);
      return typeof value === 'function' ? value.bind(pool) : value;
    },
  });
  const over = new AbortController();
  const out = outgoing(call);
  const notifier = createCommitNotifier();
  const plan: Subscribe = {
    kind: 'subscribe',
    scope: { kind: 'all' },
    cursor: -1n,
    filter: undefined,
    ids: 'string',
    resolvesLinks: false,
  };
  // The confirmation, and the first events.
  const first = take(2);
  const following = followLog({ over: over.signal, replies: collectReplies(out), end: () => {} }, plan, {
    db: counting,
    notifier,
    faults: noFaults(),
    nowMs: Date.now,
  });
  await first;
  expect(written).toHaveLength(2);
  expect(pagesRead).toBe(1);
  await take(1);
  expect(written).toHaveLength(3);
  expect(pagesRead).toBe(1);
  // The confirmation, all events, and the message that it has caught up.
  const all = () => written.reduce((sum, { messages }) => sum + messages.length, 0);
  while (all() < 702) await take(1);
  expect(all()).toBe(702);
  expect(pagesRead).toBe(2);
  // A batch ends with the message that fills it.
  expect(Math.max(...written.map(bytesOf))).toBeLessThan(33 * 1024);
  over.abort();
  out.close();
  await following;
});

test('Senders that wait for a slow client stop waiting when the call ends', async () => {
  const { call } = slowCall();
  const out = outgoing(call);
  const waiting = Promise.all([out.drained(), out.drained()]);
  out.close();
  await waiting;
  await out.drained();
});

test('A connection that is lost while a page is copied fails this read only', async () => {
  const pool = new pg.Pool({ connectionString: store.databaseUrl });
  pool.once('connect', (client) => setImmediate(() => Reflect.get(client, 'connection').stream.destroy()));
  await expect(copyEvents(pool, 'select pg_sleep(600)', [])).rejects.toThrow(/terminated/);
  await expect(copyEvents(pool, 'select no_column', [])).rejects.toThrow('column "no_column" does not exist');
  expect((await readBulkPage(pool, { direction: 'backwards', cursor: afterAllEvents })).events).toHaveLength(500);
  await pool.end();
});

test('A page with large events ends early and reports that there are more', async () => {
  const data = { text: 'x'.repeat(1_000_000) };
  for (let n = 0; n < 9; n += 1) {
    await store.client.appendToStream('large-1', { ...event(n), data }, { ...unary, expectedRevision: 'any' });
  }
  const scope = { kind: 'stream', stream: 'large-1' } as const;
  const sizes: number[] = [];
  for (let cursor = -1n, more = true; more; ) {
    const page = await readPage(db, scope, { direction: 'forwards', cursor });
    sizes.push(page.events.length);
    more = page.more;
    cursor += BigInt(page.events.length);
  }
  expect(sizes).toEqual([5, 4]);
});

test('A page with long types of an earlier release ends early and reports that there are more', async () => {
  await store.client.appendToStream('typed-1', events(9), { ...unary, expectedRevision: 'any' });
  await db.query(`update eventstore.events set type = repeat('ü', 500000) where stream = 'typed-1'`);
  const page = await readPage(db, { kind: 'stream', stream: 'typed-1' }, { direction: 'forwards', cursor: -1n });
  expect([page.events.length, page.more]).toEqual([5, true]);
  const bulk = await readBulkPage(db, { direction: 'backwards', cursor: afterAllEvents });
  expect([bulk.events.length, bulk.more]).toEqual([5, true]);
});

test('A read that ended while it waited for a connection is not carried out', async () => {
  const pool = new pg.Pool({ connectionString: store.databaseUrl, max: 1 });
  const busy = await pool.connect();
  const over = new AbortController();
  const range = { direction: 'forwards', cursor: -1n, over: over.signal } as const;
  const pages = Promise.all([
    readBulkPage(pool, range),
    readBulkPage(pool, range),
    readPage(pool, { kind: 'stream', stream: 'license-1' }, range),
  ]);
  const wanted = readPage(
    pool,
    { kind: 'stream', stream: 'license-1' },
    { direction: 'forwards', cursor: -1n, limit: 7 },
  );
  over.abort();
  busy.release();
  expect((await pages).map(({ events: read }) => read)).toEqual([[], [], []]);
  expect((await wanted).events).toHaveLength(7);
  await pool.end();
});

test('Reads of the log leave a connection for reads of streams', async () => {
  const pool = new pg.Pool({ connectionString: store.databaseUrl, max: 2 });
  const holder = await db.connect();
  await holder.query('select pg_advisory_lock(7)');
  const copies = Array.from({ length: 4 }, () => copyEvents(pool, 'select 1 from pg_advisory_xact_lock(7)', []));
  const stream = { kind: 'stream', stream: 'license-1' } as const;
  for (let n = 0; n < 3; n += 1)
    expect((await readPage(pool, stream, { direction: 'forwards', cursor: -1n })).events).toHaveLength(500);
  await holder.query('select pg_advisory_unlock(7)');
  holder.release();
  expect(await Promise.all(copies)).toEqual([[], [], [], []]);
  await pool.end();
});
