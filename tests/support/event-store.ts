import { randomUUID } from 'node:crypto';
import { type EventStoreServer, startEventStore } from '../../src/embedded/eventstore/server.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { type ConnectedStore, connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import type { Watch } from '../../src/eventstore/subscribe.ts';
import { createDatabase } from './database.ts';
import { outsideServers } from './outside-servers.ts';
import { connectOutsideStore } from './outside-store.ts';
import { writeLog } from './write-log.ts';

/** The real server on an empty database of its own. */
export type RunningStore = {
  readonly server: EventStoreServer;
  readonly databaseUrl: string;
  readonly url: string;
  /** A store over a client of its own; closed by `stop`. `port`: that of something in between. */
  connect(options?: {
    watch?: Partial<Watch>;
    port?: number;
    readTimeoutMs?: number;
    gathersAppends?: boolean;
  }): ConnectedStore;
  stop(): Promise<void>;
};

/**
 * Starts it on a free port, with these events, given in pieces, in its log. Without events it is the store of
 * `TEST_EVENTSTORE_URL` when that is set.
 */
export const startStore = async (log?: Iterable<readonly Recorded[]>): Promise<RunningStore> => {
  const url = outsideServers.eventStoreUrl;
  if (log !== undefined || url === null) return startOwnStore(log);
  const outside = await connectOutsideStore(url);
  return runningStore(outside, async () => {});
};

/** Starts the embedded server, also when `TEST_EVENTSTORE_URL` is set: for tests that read or change its tables. */
export const startOwnStore = async (log: Iterable<readonly Recorded[]> = []): Promise<RunningStore> => {
  const database = await createDatabase();
  await writeLog(database.url, log);
  const server = await startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 });
  return runningStore({ server, databaseUrl: database.url }, database.drop);
};

const runningStore = (parts: Pick<RunningStore, 'server' | 'databaseUrl'>, drop: () => Promise<void>): RunningStore => {
  const { server } = parts;
  const connected: ConnectedStore[] = [];
  return {
    server,
    get databaseUrl() {
      return parts.databaseUrl;
    },
    url: urlOf(server.port),
    connect: ({ port = server.port, ...options } = {}) => {
      const store = connectEventStore({ url: urlOf(port), ...options });
      connected.push(store);
      return store;
    },
    stop: async () => {
      await Promise.all(connected.map((store) => store.close()));
      await server.stop();
      await drop();
    },
  };
};

/** A stream that nobody has used. */
export const newStream = (prefix = 'license'): string => `${prefix}-${randomUUID()}`;

/** An event that says a number. */
export const noted = (number: number, id: string = randomUUID()): Proposed => ({
  id,
  type: 'Noted',
  data: { number },
  metadata: { note: 'test' },
});

/** `count` events that say 0, 1, 2, … */
export const notes = (count: number): Proposed[] => Array.from({ length: count }, (_, number) => noted(number));

const urlOf = (port: number): string => `esdb://127.0.0.1:${port}?tls=false`;
