import { randomUUID } from 'node:crypto';
import {
  type AllStreamSubscription,
  type AppendToStreamOptions,
  EventStoreDBClient,
  type EventType,
  jsonEvent,
  type ResolvedEvent,
  type StreamSubscription,
} from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { credentials } from '@grpc/grpc-js';
import { type EventStoreServer, startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { createDatabase } from '../../support/database.ts';

/** A server for tests, and its client. */
export type TestStore = {
  readonly server: EventStoreServer;
  readonly client: EventStoreDBClient;
  readonly databaseUrl: string;
  stop(): Promise<void>;
};

/** Starts a server on an empty database of its own, with the official client. */
export const startTestStore = async (options: { nowMs?: () => number } = {}): Promise<TestStore> => {
  const database = await createDatabase();
  const server = await startEventStore({ ...options, access: 'INSECURE', databaseUrl: database.url, port: 0 });
  const client = connect(server.port);
  return {
    server,
    client,
    databaseUrl: database.url,
    stop: async () => {
      await client.dispose();
      await server.stop();
      await database.drop();
    },
  };
};

export const connect = (port: number): EventStoreDBClient =>
  EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false&defaultDeadline=20000`);

/** Returns a client of the protocol itself, for requests that the official client cannot send. */
export const rawClient = (port: number): StreamsClient =>
  new StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure());

/** The two calls with which the client appends: Append with credentials, BatchAppend without. */
export const appendPaths: readonly { path: string; by: AppendToStreamOptions }[] = [
  { path: 'Append', by: { credentials: { username: 'nobody', password: 'asks' } } },
  { path: 'BatchAppend', by: {} },
];

export const unary = appendPaths[0]?.by ?? {};

export const newStream = (prefix = 'license') => `${prefix}-${randomUUID()}`;

export const event = (n = 0, id: string = randomUUID()) => jsonEvent({ id, type: 'Counted', data: { n } });

export const events = (count: number) => Array.from({ length: count }, (_, n) => event(n));

/** Returns all events of a read, as `{ id, revision, position, … }`. */
export const collect = async (reading: AsyncIterable<ResolvedEvent<EventType>>) => {
  const recorded: NonNullable<ResolvedEvent['event']>[] = [];
  for await (const resolved of reading) if (resolved.event) recorded.push(resolved.event);
  return recorded;
};

export const idsOf = (recorded: readonly { id: string }[]) => recorded.map(({ id }) => id);

/** Records the events of a subscription, and waits until enough have come. */
export const record = (subscription: StreamSubscription | AllStreamSubscription) => {
  const received: NonNullable<ResolvedEvent['event']>[] = [];
  let check = () => {};
  const failed = new Promise<never>((_, reject) => subscription.on('error', reject));
  failed.catch(() => {});
  subscription.on('data', (resolved: ResolvedEvent) => {
    if (resolved.event) received.push(resolved.event);
    check();
  });
  const until = (isEnough: () => boolean): Promise<void> =>
    Promise.race([
      failed,
      new Promise<void>((resolve) => {
        check = () => {
          if (isEnough()) resolve();
        };
        check();
      }),
    ]);
  return { received, until, atLeast: (count: number) => until(() => received.length >= count) };
};

/** Resolves with the arguments of the next event of that name. */
export const next = (emitter: { once(name: string, listener: (value: unknown) => void): unknown }, name: string) =>
  new Promise<unknown>((resolve) => emitter.once(name, resolve));
