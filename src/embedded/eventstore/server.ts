import { setTimeout as delay } from 'node:timers/promises';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { Pool } from 'pg';
import { errorText } from '../errors.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { createCommitNotifier } from './commit-notifier.ts';
import { type Advertised, gossipHandler } from './discovery/gossip.ts';
import { type Faults, noFaults } from './faults.ts';
import { Refusal, toServiceError, unavailable, unimplemented } from './grpc-refusal.ts';
import { type OpenCalls, openCalls } from './open-calls.ts';
import { readHandler } from './reading/read.ts';
import { serializeBatch } from './reading/reply-batch.ts';
import { applySchema, requireSchema } from './schema.ts';
import { supportedMethodsHandler } from './server-features.ts';
import { loadWriterState } from './write-group.ts';
import { connectWriter } from './writer-connection.ts';
import { openWriterQueue, type WriterQueue } from './writer-queue.ts';

/** How to run the server. */
export type EventStoreOptions = {
  /** A Postgres database for this server alone. Its tables are created or updated at the start. */
  readonly databaseUrl: string;
  /** False refuses tables of another release instead of updating them. True by default. */
  readonly migrates?: boolean;
  /** 127.0.0.1 by default. The server has no authentication. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** The address that Gossip names. By default it is the one at which the server listens. */
  readonly advertised?: Advertised;
  readonly faults?: Faults;
  readonly log?: (line: string) => void;
};

/** A running server. */
export type EventStoreServer = {
  readonly port: number;
  readonly faults: Faults;
  /**
   * Resolves with the reason when the server cannot go on. It refuses every call from then on; the owner should exit.
   */
  readonly failed: Promise<Error>;
  /** Writes the queued appends, fails the open calls with UNAVAILABLE and closes everything. */
  stop(): Promise<void>;
};

/** The client splits batches at 3 MiB, and EventStoreDB accepts 16 MiB of events in a message. */
const receiveBytesMax = 17 * 1024 * 1024;

const readConnectionsMax = 4;
const drainMs = 5_000;
const closeMs = 1_000;

/** Starts a single-node server that speaks the EventStoreDB protocol and stores its events in Postgres. */
export const startEventStore = async (options: EventStoreOptions): Promise<EventStoreServer> => {
  const { databaseUrl, migrates = true, host = '127.0.0.1', faults = noFaults(), log = () => {} } = options;
  const calls = openCalls();
  const notifier = createCommitNotifier();
  const failure = createFailure(calls, log);
  let writerQueue: WriterQueue | undefined;
  const writer = await connectWriter(databaseUrl, (reason) => {
    writerQueue?.fail(reason);
    failure.report(reason);
  });
  const readers = openReaders(databaseUrl, log);
  const server = new Server({
    'grpc.max_receive_message_length': receiveBytesMax,
    'grpc.max_send_message_length': -1,
  });
  const closeDatabase = async () => {
    await readers.end();
    await writer.end();
  };

  try {
    await (migrates ? applySchema(writer) : requireSchema(writer));
    const queue = openWriterQueue(writer, await loadWriterState(writer), {
      onCommit: notifier.notify,
      onLost: failure.report,
    });
    writerQueue = queue;
    addServices(server, {
      writerQueue: queue,
      db: readers,
      notifier,
      faults,
      calls,
      onError: reportUnexpected(log),
    });
    let port = options.port;
    server.addService(GossipService, { read: gossipHandler(options.advertised ?? {}, () => ({ host, port })) });
    port = await listen(server, `${host}:${port}`);
    let stopped: Promise<void> | undefined;
    return {
      port,
      faults,
      failed: failure.failed,
      stop: () => {
        failure.ignoreLater();
        stopped ??= stopServer({ server, writerQueue: queue, calls, closeDatabase });
        return stopped;
      },
    };
  } catch (error) {
    server.forceShutdown();
    await closeDatabase();
    throw error;
  }
};

/** A failure after which the server cannot go on. */
type Failure = {
  readonly failed: Promise<Error>;
  /** Logs the reason, fails all calls and resolves `failed`. */
  readonly report: (reason: Error) => void;
  /** Ignores later failures, because the server is stopping. */
  readonly ignoreLater: () => void;
};

const createFailure = (calls: OpenCalls, log: (line: string) => void): Failure => {
  let isStopping = false;
  let resolveFailed: (reason: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    resolveFailed = resolve;
  });
  return {
    failed,
    report: (reason) => {
      if (isStopping) return;
      log(`The event store can't go on: ${reason.message}`);
      calls.failAll(unavailable(`The event store stopped: ${reason.message}`));
      resolveFailed(reason);
    },
    ignoreLater: () => {
      isStopping = true;
    },
  };
};

const openReaders = (databaseUrl: string, log: (line: string) => void): Pool => {
  const readers = new Pool({
    connectionString: databaseUrl,
    application_name: 'eventstore reader',
    max: readConnectionsMax,
  });
  readers.on('error', (error) => log(`A reading connection was lost: ${error.message}`));
  return readers;
};

type HandlerNeeds = Parameters<typeof appendHandler>[0] & Parameters<typeof readHandler>[0];

const addServices = (server: Server, needs: HandlerNeeds): void => {
  server.addService(ServerFeaturesService, { getSupportedMethods: supportedMethodsHandler });
  const read = { ...StreamsService.read, responseSerialize: serializeBatch };
  server.addService(
    { ...StreamsService, read },
    {
      append: appendHandler(needs),
      batchAppend: batchAppendHandler(needs),
      read: readHandler(needs),
      delete: refuseUnary('Deleting streams is not implemented by this server'),
      tombstone: refuseUnary('Tombstoning streams is not implemented by this server'),
    },
  );
};

type Parts = {
  readonly server: Server;
  readonly writerQueue: WriterQueue;
  readonly calls: OpenCalls;
  readonly closeDatabase: () => Promise<void>;
};

const stopServer = async ({ server, writerQueue, calls, closeDatabase }: Parts): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([writerQueue.close(), delay(drainMs, undefined, { ref: false })]);
  writerQueue.fail(new Error('it was stopped'));
  calls.failAll(unavailable('The event store is shutting down'));
  await Promise.race([closed, delay(closeMs, undefined, { ref: false })]);
  server.forceShutdown();
  // A Postgres that no longer answers must not delay the end of this process.
  await Promise.race([closeDatabase(), delay(closeMs, undefined, { ref: false })]);
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
