import { setTimeout as delay } from 'node:timers/promises';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { Pool } from 'pg';
import { addressOf } from '../address.ts';
import { errorText } from '../errors.ts';
import { openAccess } from './access/open-access.ts';
import { serverCredentials } from './access/server-credentials.ts';
import type { StoreAccess } from './access/store-access.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { createCommitNotifier } from './commit-notifier.ts';
import { type Advertised, gossipHandler } from './discovery/gossip.ts';
import { type Faults, noFaults } from './faults.ts';
import { cancelled, Refusal, unavailable } from './grpc-refusal.ts';
import { type OpenCalls, openCalls } from './open-calls.ts';
import { deserializeBatchAppend } from './protocol/batch-deadline.ts';
import { addUnsupportedServices } from './protocol/unsupported-services.ts';
import { readHandler } from './reading/read.ts';
import { serializeBatch } from './reading/reply-batch.ts';
import { deleteHandler, tombstoneHandler } from './retention/delete-handlers.ts';
import { applySchema, requireSchema } from './schema.ts';
import { supportedMethodsHandler } from './server-features.ts';
import { watchWriter } from './watch-writer.ts';
import { connectWriter, type Taking } from './writer-connection.ts';
import { openWriterQueue, type WriterQueue } from './writer-queue.ts';
import { loadWriterState } from './writer-state.ts';

/** How to run the server. */
export type EventStoreOptions = {
  /** A Postgres database for this server alone. Its tables are created or updated at the start. */
  readonly databaseUrl: string;
  /** False refuses tables of another release instead of updating them. True by default. */
  readonly migrates?: boolean;
  /** Who may call it, or what says that once the database is taken. There is no default, so that none is open by mistake. */
  readonly access: StoreAccess | (() => Promise<StoreAccess>);
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** What to do while another server writes to the same database. By default the start is refused. */
  readonly taking?: Taking;
  /** The address that Gossip names. By default it is the one at which the server listens. */
  readonly advertised?: Advertised;
  /** Called when Postgres has not answered the writer for some seconds, and when it answers again. */
  readonly onAnswering?: (isAnswering: boolean) => void;
  readonly faults?: Faults;
  readonly log?: (line: string) => void;
  /** The clock of the store, in milliseconds since 1970. That of the machine by default. */
  readonly nowMs?: () => number;
};

/** A running server. */
export type EventStoreServer = {
  readonly port: number;
  readonly faults: Faults;
  /**
   * Resolves with the reason when the server cannot go on. It refuses every call from then on; the owner should exit.
   */
  readonly failed: Promise<Error>;
  /** Writes the queued appends, ends the open calls with CANCELLED and closes everything. */
  stop(): Promise<void>;
};

/** The client splits batches at 3 MiB, and EventStoreDB accepts 16 MiB of events in a message. */
const receiveBytesMax = 17 * 1024 * 1024;

const readConnectionsMax = 4;
const drainMs = 5_000;
const closeMs = 1_000;

/** Starts a single-node server that speaks the EventStoreDB protocol and stores its events in Postgres. */
export const startEventStore = async (options: EventStoreOptions): Promise<EventStoreServer> => {
  const {
    databaseUrl,
    migrates = true,
    host = '127.0.0.1',
    faults = noFaults(),
    log = () => {},
    nowMs = Date.now,
  } = options;
  const calls = openCalls();
  const notifier = createCommitNotifier();
  const failure = createFailure(calls, log);
  let writerQueue: WriterQueue | undefined;
  const onLost = (reason: Error) => {
    writerQueue?.fail(reason);
    failure.report(reason);
  };
  const writer = await connectWriter(databaseUrl, onLost, options.taking);
  const access = await accessOf(options).catch(async (error: unknown) => {
    await writer.end();
    throw error;
  });
  const readers = openReaders(databaseUrl, log);
  const { interceptors, close: closeAccess } = openAccess(access, readers, log);
  const server = new Server({
    interceptors,
    'grpc.max_receive_message_length': receiveBytesMax,
    'grpc.max_send_message_length': -1,
  });
  let stopWatch = () => {};
  const closeDatabase = async () => {
    stopWatch();
    closeAccess();
    await readers.end();
    await writer.end();
  };

  try {
    await (migrates ? applySchema(writer) : requireSchema(writer));
    const queue = openWriterQueue(writer, await loadWriterState(writer, nowMs), {
      onCommit: notifier.notify,
      onLost: failure.report,
    });
    writerQueue = queue;
    stopWatch = watchWriter(queue, { onAnswering: options.onAnswering ?? (() => {}), onLost });
    addServices(server, {
      writerQueue: queue,
      db: readers,
      notifier,
      faults,
      calls,
      onError: reportUnexpected(log),
      nowMs,
    });
    let port = options.port;
    server.addService(GossipService, { read: gossipHandler(options.advertised ?? {}, () => ({ host, port })) });
    port = await listen(server, addressOf(host, port), serverCredentials(access));
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

const accessOf = async ({ access }: EventStoreOptions): Promise<StoreAccess> =>
  typeof access === 'function' ? access() : access;

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
  const batchAppend = { ...StreamsService.batchAppend, requestDeserialize: deserializeBatchAppend };
  server.addService(
    { ...StreamsService, read, batchAppend },
    {
      append: appendHandler(needs),
      batchAppend: batchAppendHandler(needs),
      read: readHandler(needs),
      delete: deleteHandler(needs),
      tombstone: tombstoneHandler(needs),
    },
  );
  addUnsupportedServices(server);
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
  calls.failAll(cancelled('The event store is shutting down'));
  await Promise.race([closed, delay(closeMs, undefined, { ref: false })]);
  server.forceShutdown();
  // A Postgres that no longer answers must not delay the end of this process.
  await Promise.race([closeDatabase(), delay(closeMs, undefined, { ref: false })]);
};

const reportUnexpected = (log: (line: string) => void) => (error: unknown) => {
  if (!(error instanceof Refusal)) log(`A call failed: ${error instanceof Error ? error.stack : String(error)}`);
};

const listen = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(new Error(`The event store can't listen on ${address}: ${errorText(error)}`));
      else resolve(port);
    });
  });
