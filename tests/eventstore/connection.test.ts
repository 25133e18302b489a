import { EventStoreDBClient, UnknownError } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Connection, openConnection } from '../../src/eventstore/connection.ts';

/** A client that remembers what happened to it. */
const fakeClient = () => {
  const closed: string[] = [];
  const channel = { close: () => closed.push('channel') };
  return { closed, dispose: async () => closed.push('calls'), getChannel: async () => channel };
};

let clients: ReturnType<typeof fakeClient>[];

beforeEach(() => {
  clients = [];
  vi.useFakeTimers();
  vi.spyOn(EventStoreDBClient, 'connectionString').mockImplementation((): EventStoreDBClient => {
    const client = fakeClient();
    clients.push(client);
    return client as unknown as EventStoreDBClient;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const fail = async (connection: Connection, times: number, error: Error = new Error('No answer.')): Promise<void> => {
  for (let time = 0; time < times; time += 1)
    await expect(connection.call(() => Promise.reject(error))).rejects.toBe(error);
};

const answered = (code: status): Error =>
  Object.assign(new UnknownError(), { code, message: 'Nothing was written: the disk is full' });

test('A client that is replaced is closed with its connection when its last call has ended', async () => {
  const connection = openConnection('esdb://a?tls=false');
  await fail(connection, 5);
  expect(clients).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(clients[0]?.closed).toEqual([]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(clients.map(({ closed }) => closed)).toEqual([['calls', 'channel'], []]);
});

test('A connection that is closed closes the clients that it has replaced', async () => {
  const connection = openConnection('esdb://a?tls=false');
  await fail(connection, 10);
  await connection.close();
  expect(clients.map(({ closed }) => closed)).toEqual(Array(3).fill(['calls', 'channel']));
});

test('An answer of the server, such as that its disk is full, does not count as a failure of the client', async () => {
  const connection = openConnection('esdb://a?tls=false');
  await fail(connection, 10, answered(status.RESOURCE_EXHAUSTED));
  expect(clients).toHaveLength(1);
  await fail(connection, 5, answered(status.UNKNOWN));
  expect(clients).toHaveLength(2);
});

test('A late failure or success of a client that was replaced does not count for the new client', async () => {
  const connection = openConnection('esdb://a?tls=false');
  const ends: ((how: 'fails' | 'succeeds') => void)[] = [];
  const late = Array.from({ length: 5 }, () =>
    connection.call(
      () =>
        new Promise<void>((resolve, reject) => {
          ends.push((how) => (how === 'fails' ? reject(new Error('No answer.')) : resolve()));
        }),
    ),
  );
  await fail(connection, 5);
  for (const end of ends.slice(1)) end('fails');
  await Promise.allSettled(late.slice(1));
  await fail(connection, 1);
  expect(clients).toHaveLength(2);
  await fail(connection, 3);
  ends[0]?.('succeeds');
  await late[0];
  await fail(connection, 1);
  expect(clients).toHaveLength(3);
});
