import { setTimeout as delay } from 'node:timers/promises';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { Pool } from 'pg';
import { errorText } from '../errors.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { createCommitNotifier } from './commit-notifier.ts';
import { type Faults, noFaults } from './faults.ts';
import { supportedMethodsHandler } from './features.ts';
import { openCalls } from './open-calls.ts';
import { readHandler } from './read.ts';
import { Refusal, toServiceError, unavailable, unimplemented } from './refusal.ts';
import { applySchema } from './schema.ts';
import { loadWriterState } from './write-group.ts';
import { connectWriter } from './writer-connection.ts';
import { openWriterQueue, type WriterQueue } from './writer-queue.ts';

export type EventStoreOptions = {
  /** A Postgres database of the store's own; its tables are made and brought up to date at the start. */
  readonly databaseUrl: string;
  /** 127.0.0.1 unless given. The server has no authentication. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
  readonly faults?: Faults;
  readonly log?: (line: string) => void;
};

export type EventStoreServer = {
  readonly port: number;
  readonly faults: Faults;
  /** Resolves if the store can't go on, with the reason. Every call is refused from then on; the owner should exit. */
  readonly failed: Promise<Error>;
  /** Writes what is queued, fails the calls that are still open with UNAVAILABLE and closes everything. */
  stop(): Promise<void>;
};

/** The client splits batches at 3 MiB, and production takes 16 MiB of events in a message. */
const receiveBytesMax = 17 * 1024 * 1024;

const readConnectionsMax = 4;
const drainMs = 5_000;
const closeMs = 1_000;

/** Starts a single-node server that speaks the EventStoreDB protocol and keeps its events in Postgres. */
export const startEventStore = async (options: EventStoreOptions): Promise<EventStoreServer> => {
  const { databaseUrl, host = '127.0.0.1', faults = noFaults(), log = () => {} } = options;
  const calls = openCalls();
  const notifier = createCommitNotifier();
  let writerQueue: WriterQueue | undefined;
  let stopping = false;
  let stopped: Promise<void> | undefined;
  let onLost: (reason: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    onLost = (reason) => {
      if (stopping) return;
      log(`The event store can't go on: ${reason.message}`);
      calls.failAll(unavailable(`The event store stopped: ${reason.message}`));
      resolve(reason);
    };
  });

  const writer = await connectWriter(databaseUrl, (reason) => {
    writerQueue?.fail(reason);
    onLost(reason);
  });
  const readers = new Pool({
    connectionString: databaseUrl,
    application_name: 'eventstore reader',
    max: readConnectionsMax,
  });
  readers.on('error', (error) => log(`A reading connection was lost: ${error.message}`));
  const server = new Server({
    'grpc.max_receive_message_length': receiveBytesMax,
    'grpc.max_send_message_length': -1,
  });
  const closeDatabase = async () => {
    await readers.end();
    await writer.end();
  };

  try {
    await applySchema(writer);
    writerQueue = openWriterQueue(writer, await loadWriterState(writer), { onCommit: notifier.notify, onLost });
    const needs = { writerQueue, db: readers, notifier, faults, calls, onError: reportUnexpected(log) };
    server.addService(ServerFeaturesService, { getSupportedMethods: supportedMethodsHandler });
    server.addService(StreamsService, {
      append: appendHandler(needs),
      batchAppend: batchAppendHandler(needs),
      read: readHandler(needs),
      delete: refuseUnary('Deleting streams is not implemented by this server'),
      tombstone: refuseUnary('Tombstoning streams is not implemented by this server'),
    });
    const port = await listen(server, `${host}:${options.port}`);
    const openedQueue = writerQueue;
    const stop = async () => {
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await Promise.race([openedQueue.close(), delay(drainMs, undefined, { ref: false })]);
      openedQueue.fail(new Error('it was stopped'));
      calls.failAll(unavailable('The event store is shutting down'));
      await Promise.race([closed, delay(closeMs, undefined, { ref: false })]);
      server.forceShutdown();
      // A Postgres that no longer answers must not keep us.
      await Promise.race([closeDatabase(), delay(closeMs, undefined, { ref: false })]);
    };
    return {
      port,
      faults,
      failed,
      stop: () => {
        stopping = true;
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    server.forceShutdown();
    await closeDatabase();
    throw error;
  }
};

const refuseUnary =
  (sentence: string): handleUnaryCall<unknown, never> =>
  (_call, callback) =>
    callback(toServiceError(unimplemented(sentence)));

const reportUnexpected = (log: (line: string) => void) => (error: unknown) => {
  if (!(error instanceof Refusal)) log(`A call failed: ${error instanceof Error ? error.stack : String(error)}`);
};

const listen = (server: Server, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(new Error(`The event store can't listen on ${address}: ${errorText(error)}`));
      else resolve(port);
    });
  });
