import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CancelledError, type EventStoreDBClient, NO_STREAM, UnavailableError } from '@eventstore/db-client';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EventStoreServer, startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { eventStoreProgram } from '../../support/compiled.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { collect, connect, event, newStream, next, record, unary } from './harness.ts';

let database: TestDatabase;
let children: ChildProcess[];
let clients: EventStoreDBClient[];
let servers: EventStoreServer[];

beforeEach(async () => {
  database = await createDatabase();
  children = [];
  clients = [];
  servers = [];
});

afterEach(async () => {
  for (const client of clients) await client.dispose();
  for (const server of servers) await server.stop();
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  await database.drop();
});

const startProcess = async () => {
  const child = fork(eventStoreProgram, [], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  children.push(child);
  child.send({ access: 'INSECURE', databaseUrl: database.url, host: '127.0.0.1', port: 0 });
  const [answer] = (await once(child, 'message')) as [{ ready?: true; port?: number; failed?: string }];
  return { child, answer };
};

const startHere = async () => {
  const server = await startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 });
  servers.push(server);
  return server;
};

const clientOf = (port: number | undefined) => {
  const client = connect(port ?? 0);
  clients.push(client);
  return client;
};

/** Appends from many writers until the server has ended. Returns the acknowledged events. */
const appendUntilGone = (client: EventStoreDBClient, onAcknowledged: (count: number) => void) => {
  const acknowledged: { id: string; position: bigint | undefined }[] = [];
  const writers = Array.from({ length: 16 }, async () => {
    const stream = newStream();
    for (let revision = -1n; ; revision += 1n) {
      const proposed = event();
      const expectedRevision = revision < 0n ? NO_STREAM : revision;
      try {
        const { position } = await client.appendToStream(stream, proposed, { ...unary, expectedRevision });
        acknowledged.push({ id: proposed.id, position: position?.commit });
        onAcknowledged(acknowledged.length);
      } catch {
        return;
      }
    }
  });
  return Promise.all(writers).then(() => acknowledged);
};

describe('The process', () => {
  test('loses no acknowledged event when it is killed under load, and continues the log after a restart', async () => {
    const { child, answer } = await startProcess();
    const acknowledged = await appendUntilGone(clientOf(answer.port), (count) => {
      if (count === 400) child.kill('SIGKILL');
    });
    expect(acknowledged.length).toBeGreaterThanOrEqual(400);

    const restarted = await startProcess();
    const client = clientOf(restarted.answer.port);
    const all = await collect(client.readAll());
    const positions = new Map(all.map(({ id, position }) => [id, position?.commit]));
    expect(acknowledged.filter(({ id, position }) => positions.get(id) !== position)).toEqual([]);
    expect(positions.size).toBe(all.length);
    const { position } = await client.appendToStream(newStream(), event(), unary);
    expect(position?.commit).toBeGreaterThan(all.at(-1)?.position?.commit ?? 0n);
  });

  test('ends when the channel to its parent closes and on SIGTERM, but not on SIGINT', async () => {
    const first = await startProcess();
    first.child.kill('SIGINT');
    const client = clientOf(first.answer.port);
    await client.appendToStream(newStream(), event(), unary);
    first.child.disconnect();
    expect(await once(first.child, 'exit')).toEqual([0, null]);

    const second = await startProcess();
    expect(second.answer.ready).toBe(true);
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
  });

  test('reports an error and exits when another server runs on the database', async () => {
    await startHere();
    const { child, answer } = await startProcess();
    expect(answer).toEqual({ failed: expect.stringContaining('Another event store server is running') });
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  test('reports the reason and exits when it cannot go on', async () => {
    const { child } = await startProcess();
    const message = once(child, 'message');
    const exit = once(child, 'exit');
    await loseWriter();
    expect(await message).toEqual([{ failed: expect.any(String) }, undefined]);
    expect(await exit).toEqual([1, null]);
  });

  test('accepts faults for tests over IPC', async () => {
    const { child, answer } = await startProcess();
    const client = clientOf(answer.port);
    child.send({ faults: { dropReplies: 1, droppedReply: 'unavailable' } });
    const appendOnce = () => client.appendToStream('license-1', event(), unary);
    // Faults and calls arrive over different connections, so some calls may arrive first.
    let lost: unknown;
    while (lost === undefined)
      lost = await appendOnce().then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(lost).toBeInstanceOf(UnavailableError);
    await appendOnce();
    const subscription = client.subscribeToAll();
    record(subscription);
    await next(subscription, 'caughtUp');
    const ended = next(subscription, 'end');
    child.send({ endSubscriptions: true });
    await ended;
  });
});

describe('The server', () => {
  test('fails all open and later calls when it loses its writer connection, and reports it to its owner', async () => {
    const server = await startHere();
    const client = clientOf(server.port);
    const subscription = client.subscribeToAll();
    const dropped = next(subscription, 'error');
    record(subscription);
    await next(subscription, 'caughtUp');
    await Promise.all([
      appendUntilGone(client, (count) => {
        if (count === 100) void loseWriter();
      }),
      expect(server.failed).resolves.toBeInstanceOf(Error),
    ]);
    expect(await dropped).toBeInstanceOf(Error);
    await expect(client.appendToStream(newStream(), event(), unary)).rejects.toBeInstanceOf(UnavailableError);
  });

  test('ends its subscriptions with CANCELLED when it stops, and loses no acknowledged event', async () => {
    const server = await startHere();
    const client = clientOf(server.port);
    const subscription = client.subscribeToAll();
    record(subscription);
    await next(subscription, 'caughtUp');
    const dropped = next(subscription, 'error');
    const appending = appendUntilGone(client, (count) => {
      if (count === 100) void server.stop();
    });
    expect(await dropped).toBeInstanceOf(CancelledError);
    const acknowledged = await appending;
    const stored = new Set((await collect(clientOf((await startHere()).port).readAll())).map(({ id }) => id));
    expect(acknowledged.filter(({ id }) => !stored.has(id))).toEqual([]);
  });

  test('recognizes repetitions at an exact revision after a restart, but not with "any", as EventStoreDB', async () => {
    const first = await startHere();
    const proposed = event();
    const exact = { ...unary, expectedRevision: NO_STREAM } as const;
    const written = await clientOf(first.port).appendToStream('license-1', proposed, exact);
    await first.stop();
    const client = clientOf((await startHere()).port);
    expect(await client.appendToStream('license-1', proposed, exact)).toEqual(written);
    expect((await client.appendToStream('license-1', proposed, unary)).nextExpectedRevision).toBe(1n);
    expect((await client.appendToStream('license-1', proposed, unary)).nextExpectedRevision).toBe(1n);
  });

  test('refuses a used port with a sentence, and leaves the database free for the next start', async () => {
    const server = await startHere();
    const other = await createDatabase();
    const options = { access: 'INSECURE', databaseUrl: other.url, port: server.port } as const;
    await expect(startEventStore(options)).rejects.toThrow(/can't listen on 127\.0\.0\.1:\d+/);
    await (await startEventStore({ ...options, port: 0 })).stop();
    await other.drop();
  });

  test('refuses to start when an applied schema file was edited', async () => {
    await (await startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 })).stop();
    await asAdmin("update eventstore.schema_files set sha256 = 'other'");
    await expect(startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 })).rejects.toThrow(
      /001-events\.sql was edited/,
    );
  });
});

const loseWriter = () =>
  asAdmin(`select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'eventstore writer'`);

const asAdmin = async (sql: string) => {
  const db = new pg.Client(database.url);
  await db.connect();
  await db.query(sql);
  await db.end();
};
