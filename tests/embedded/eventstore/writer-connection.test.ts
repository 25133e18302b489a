import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type EventStoreServer, startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { watchWriter } from '../../../src/embedded/eventstore/watch-writer.ts';
import { connectWriter, PooledConnection } from '../../../src/embedded/eventstore/writer-connection.ts';
import { createDatabase } from '../../support/database.ts';
import { condition } from '../../support/product.ts';

const ignoreLoss = () => {};

const database = async () => {
  const created = await createDatabase();
  onTestFinished(() => created.drop());
  const db = new pg.Client(created.url);
  await db.connect();
  onTestFinished(() => db.end());
  return { url: created.url, db };
};

/** Starts what tells clients another process of Postgres, as poolers do. */
const startPooler = async (databaseUrl: string): Promise<string> => {
  const { hostname, port } = new URL(databaseUrl);
  const server = createServer((client) => {
    const postgres = connect(Number(port), hostname);
    client.pipe(postgres);
    postgres.on('data', (data) => {
      // The message BackendKeyData: its letter, its length of 12, the process, the key.
      const keyAt = data.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (keyAt >= 0) data.writeInt32BE(77, keyAt + 5);
      client.write(data);
    });
    for (const socket of [client, postgres]) {
      socket.on('error', () => {});
      socket.on('close', () => [client, postgres].map((one) => one.destroy()));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const pooled = new URL(databaseUrl);
  pooled.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return pooled.href;
};

test('A pooler in front of Postgres is refused, because its connections share a lock', async () => {
  const { url } = await database();
  await expect(connectWriter(await startPooler(url), ignoreLoss)).rejects.toBeInstanceOf(PooledConnection);
});

test('Postgres checks every 10 seconds whether the machine of the writer is there', async () => {
  const { url } = await database();
  const writer = await connectWriter(url, ignoreLoss);
  const { rows } = await writer.query(
    `select current_setting('tcp_keepalives_idle') as idle, current_setting('tcp_user_timeout') as timeout,
       current_setting('synchronous_commit') as commit`,
  );
  expect(rows).toEqual([{ idle: '10', timeout: '30000', commit: 'on' }]);
  await writer.end();
});

test('A waiting store connects again when Postgres has ended its connection, and then takes over', async () => {
  const { url, db } = await database();
  const first = await connectWriter(url, ignoreLoss);
  let hasBegun = false;
  const onWait = () => {
    hasBegun = true;
  };
  const second = connectWriter(url, ignoreLoss, { takesOver: true, onWait });
  await condition('the second one waits', () => hasBegun);
  const { rows } = await db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity a where application_name = 'eventstore writer'
       and datname = current_database() and not exists (select from pg_locks l where l.pid = a.pid and locktype = 'advisory')`,
  );
  expect(rows).toHaveLength(1);
  await first.end();
  const writer = await second;
  expect((await writer.query('select 1')).rowCount).toBe(1);
  await writer.end();
});

test('What lets callers in is read when the database is taken, and a failure of it frees the database', async () => {
  const { url } = await database();
  const start = (access: () => Promise<'INSECURE'>): Promise<EventStoreServer> =>
    startEventStore({ databaseUrl: url, port: 0, access });
  const first = await start(async () => 'INSECURE');
  let isRead = false;
  const second = startEventStore({
    ...{ databaseUrl: url, port: 0, taking: { takesOver: true, onWait: () => void first.stop() } },
    access: async () => {
      isRead = true;
      throw new Error('no certificate');
    },
  });
  expect(isRead).toBe(false);
  await expect(second).rejects.toThrow('no certificate');
  await (await start(async () => 'INSECURE')).stop();
});

test('A Postgres that owes an answer is reported after some seconds, and is lost later', async () => {
  let owedMs = 0;
  let asked = 0;
  const reports: unknown[] = [];
  const queue = { ask: () => void asked++, owedMs: () => owedMs };
  const times = { everyMs: 1, slowMs: 40, lostMs: 600 };
  const onAnswering = (isAnswering: boolean) => void reports.push(isAnswering);
  const stop = watchWriter(queue, { onAnswering, onLost: ({ message }) => void reports.push(message), times });
  await condition('it asked', () => asked > 1);
  owedMs = 40;
  await condition('it reported', () => reports.length === 1);
  owedMs = 0;
  await condition('it reported again', () => reports.length === 2);
  owedMs = 600;
  await condition('it gave up', () => reports.length === 4);
  expect(reports).toEqual([false, true, false, 'Postgres has not answered for 1 seconds']);
  stop();
});

test('A server listens on an address of IPv6', async ({ skip }) => {
  const { url } = await database();
  const server = await startEventStore({ databaseUrl: url, access: 'INSECURE', host: '::1', port: 0 }).catch(
    (error) => {
      if (/EADDRNOTAVAIL|EAFNOSUPPORT/.test(String(error))) return skip('This machine has no IPv6.');
      throw error;
    },
  );
  expect(server.port).toBeGreaterThan(0);
  await server.stop();
});
