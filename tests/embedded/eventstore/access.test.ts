import { readFileSync } from 'node:fs';
import {
  AccessDeniedError,
  EventStoreDBClient,
  NO_STREAM,
  UnavailableError,
  UnknownError,
} from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type ChannelCredentials, credentials, Metadata, status } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/embedded/eventstore/access/password-digest.ts';
import { countWrongLogins, wrongMax } from '../../../src/embedded/eventstore/access/wrong-logins.ts';
import { startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { connectEventStore } from '../../../src/eventstore/eventstoredb.ts';
import { createDatabase } from '../../support/database.ts';
import { noted } from '../../support/event-store.ts';
import { type SecureStore, startSecureStore } from '../../support/secure-store.ts';
import { collect, event, newStream, next, record } from './harness.ts';

let store: SecureStore;
let db: pg.Client;
let clients: EventStoreDBClient[];

beforeAll(async () => {
  store = await startSecureStore();
  db = new pg.Client(store.databaseUrl);
  await db.connect();
  await setUser('reporting', 'right-password', false);
  await setUser('billing', 'billing-password', true);
});

afterAll(async () => {
  await db.end();
  await store.stop();
});

beforeEach(() => {
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.dispose();
});

const setUser = (name: string, password: string, mayAppend: boolean) =>
  db.query(
    `insert into eventstore.users (name, may_append, password_sha256) values ($1, $2, $3)
      on conflict (name) do update set password_sha256 = excluded.password_sha256`,
    [name, mayAppend, digestOf(password)],
  );

const connect = (url: string) => {
  const client = EventStoreDBClient.connectionString(url);
  clients.push(client);
  return client;
};

const raw = (channel: ChannelCredentials) => new StreamsClient(`localhost:${store.server.port}`, channel);

const basic = ({ username, password }: { username: string; password: string }) => {
  const metadata = new Metadata();
  metadata.set('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  return metadata;
};

/** Deletes a stream and returns the error. */
const deleteRaw = (as: { username: string; password: string }) =>
  new Promise<{ code: number; metadata: Metadata }>((resolve, reject) => {
    const client = raw(
      credentials.combineChannelCredentials(
        credentials.createSsl(readFileSync(store.caFile)),
        credentials.createFromMetadataGenerator((_, done) => {
          done(null, basic(as));
        }),
      ),
    );
    client.delete(new streams.DeleteReq(), (error) => {
      client.close();
      if (error === null) reject(new Error('It was answered.'));
      else resolve({ code: error.code, metadata: error.metadata });
    });
  });

test('The product appends, reads and subscribes over TLS with its login', async () => {
  const product = connectEventStore({ url: store.url });
  const stream = newStream();
  await product.append(stream, [noted(1)], 'no_stream', { timeoutMs: 10_000 });
  expect((await product.read(stream)).events.map(({ data }) => data)).toEqual([{ number: 1 }]);
  const ending = new AbortController();
  for await (const entry of product.follow('start', { streamPrefixes: [stream], signal: ending.signal })) {
    if ('idle' in entry) continue;
    expect(entry.stream).toBe(stream);
    ending.abort();
  }
  await product.close();
});

describe('A client without a login that works', () => {
  test.each([
    ['no login', () => store.withoutLogin],
    ['a wrong password of the product', () => store.urlOf('ledger', 'wrong')],
    ['a wrong password of another user', () => store.urlOf('reporting', 'wrong')],
    ['an unknown user', () => store.urlOf('stranger', 'right-password')],
    ['the digest of a password', () => store.urlOf('reporting', digestOf('right-password').toString('hex'))],
  ])('is refused with %s on every call', async (_, url) => {
    const client = connect(url());
    const subscription = client.subscribeToAll();
    subscription.on('data', () => {});
    const refusals = await Promise.all([
      client.appendToStream(newStream(), event(), { expectedRevision: NO_STREAM }).catch((error) => error),
      collect(client.readAll({ maxCount: 1 })).catch((error) => error),
      collect(client.readStream('license-1')).catch((error) => error),
      next(subscription, 'error'),
    ]);
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(AccessDeniedError);
  });

  test('gets UNAUTHENTICATED on the wire', async () => {
    const { code } = await deleteRaw({ username: 'ledger', password: 'wrong' });
    expect(code).toBe(status.UNAUTHENTICATED);
  });

  test('gets no answer without TLS, and none when it does not trust the certificate', async () => {
    const { port } = store.server;
    for (const url of [`esdb://127.0.0.1:${port}?tls=false`, `esdb://ledger:x@localhost:${port}?tls=true`])
      await expect(collect(connect(url).readAll({ maxCount: 1 }))).rejects.toBeInstanceOf(UnavailableError);
  });
});

describe('A user who may only read', () => {
  test('reads and subscribes, and is refused on every write', async () => {
    const stream = newStream();
    await connect(store.url).appendToStream(stream, event(7));
    const client = connect(store.urlOf('reporting', 'right-password'));
    expect(await collect(client.readStream(stream))).toHaveLength(1);
    const followed = record(client.subscribeToStream(stream));
    await followed.atLeast(1);
    const { username, password } = { username: 'reporting', password: 'right-password' };
    for (const by of [{}, { credentials: { username, password } }])
      await expect(client.appendToStream(stream, event(), by)).rejects.toBeInstanceOf(AccessDeniedError);
    await expect(client.tombstoneStream(stream)).rejects.toBeInstanceOf(AccessDeniedError);
    const { code, metadata } = await deleteRaw({ username, password });
    expect({ code, exception: metadata.get('exception') }).toEqual({
      code: status.PERMISSION_DENIED,
      exception: ['access-denied'],
    });
    expect(await collect(client.readStream(stream))).toHaveLength(1);
  });

  test('is let in as soon as it was added, and its open calls end when it is removed', async () => {
    await setUser('auditor', 'first-password', false);
    const client = connect(store.urlOf('auditor', 'first-password'));
    const subscription = client.subscribeToAll();
    const dropped = next(subscription, 'error');
    record(subscription);
    await next(subscription, 'caughtUp');
    await db.query(`delete from eventstore.users where name = 'auditor'`);
    expect(await dropped).toBeInstanceOf(AccessDeniedError);
    await expect(collect(client.readAll({ maxCount: 1 }))).rejects.toBeInstanceOf(AccessDeniedError);
    const other = connect(store.urlOf('reporting', 'right-password'));
    expect(await collect(other.readAll({ maxCount: 1 }))).toHaveLength(1);
  });
});

test('A user who may append appends', async () => {
  const client = connect(store.urlOf('billing', 'billing-password'));
  expect((await client.appendToStream(newStream(), event())).success).toBe(true);
});

test('Many wrong logins get another answer, and the right ones still work', async () => {
  const client = connect(store.urlOf('ledger', 'guessed'));
  const guess = () => collect(client.readAll({ maxCount: 1 })).catch((error: unknown) => error);
  const answers: unknown[] = [];
  for (let tries = 0; tries <= wrongMax; tries++) answers.push(await guess());
  expect(answers.at(-1)).toBeInstanceOf(UnknownError);
  expect(`${answers.at(-1)}`).toContain('Too many wrong logins');
  expect(await collect(connect(store.url).readAll({ maxCount: 1 }))).toHaveLength(1);
  expect(store.lines.filter((line) => line.includes('refused')).length).toBeLessThanOrEqual(2);
  expect(store.lines.join()).not.toContain('guessed');
});

test('Wrong logins are counted by address, and ten seconds later from the start', () => {
  let now = 0;
  const lines: string[] = [];
  const counters = countWrongLogins(
    (line) => lines.push(line),
    () => now,
  );
  const counted = Array.from({ length: wrongMax + 2 }, () => counters.count('10.0.0.1'));
  expect(counted.filter((answer) => answer === 'FEW')).toHaveLength(wrongMax);
  expect(counters.count('10.0.0.2')).toBe('FEW');
  now = 10_000;
  expect(counters.count('10.0.0.1')).toBe('FEW');
  expect(lines).toHaveLength(4);
});

test('A server does not start with a certificate of another key, and names no secret', async () => {
  const database = await createDatabase();
  const other = await startSecureStore();
  const access = { ...other.entry.access, certificate: store.entry.access.certificate };
  const failure = await startEventStore({ access, databaseUrl: database.url, port: 0 }).catch((error) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(`${failure}`).not.toContain(access.login.password);
  await other.stop();
  await database.drop();
});
