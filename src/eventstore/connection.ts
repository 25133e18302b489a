import { setTimeout as delay } from 'node:timers/promises';
import { ErrorType, EventStoreDBClient, isCommandError } from '@eventstore/db-client';

/**
 * The connection to one store. A client can remember a failure for ever, so a client that keeps failing is replaced.
 */
export type Connection = {
  /** Returns what `request` returns for the current client. When `request` rejects, that client may be replaced. */
  readonly call: <Result>(request: (client: EventStoreDBClient) => Promise<Result>) => Promise<Result>;
  /** Returns the current client, for a subscription. */
  readonly client: () => EventStoreDBClient;
  /** Closes the current client and those that it has replaced. Waits for them two seconds at most. */
  readonly close: () => Promise<void>;
};

/** Opens a connection to the store at `url`. The client connects on first use. Throws when the URL cannot be used. */
export const openConnection = (url: string): Connection => {
  let client = EventStoreDBClient.connectionString(url);
  let failuresInARow = 0;
  let replacements = 0;
  const retired = new Map<EventStoreDBClient, NodeJS.Timeout>();

  /** Other calls may still succeed through the client, so it is closed when all of them have ended. */
  const retire = (old: EventStoreDBClient): void => {
    const timer = setTimeout(() => {
      retired.delete(old);
      void disconnect(old);
    }, longestCallMs);
    retired.set(old, timer.unref());
  };
  const countFailure = (failed: EventStoreDBClient, error: unknown): void => {
    // Calls that began before a replacement may fail after it. They say nothing about the new client.
    if (client !== failed) return;
    failuresInARow = isLasting(error) ? failuresInARow + 1 : 0;
    if (failuresInARow < failuresMax) return;
    failuresInARow = 0;
    replacements += 1;
    retire(client);
    client = EventStoreDBClient.connectionString(withOwnConnection(url, replacements));
  };

  return {
    call: async (request) => {
      const used = client;
      try {
        const result = await request(used);
        if (used === client) failuresInARow = 0;
        return result;
      } catch (error) {
        countFailure(used, error);
        throw error;
      }
    },
    client: () => client,
    close: async () => {
      for (const timer of retired.values()) clearTimeout(timer);
      await Promise.all([client, ...retired.keys()].map(disconnect));
    },
  };
};

/**
 * Returns true when another try through the same client may fail in the same way: the store did not answer, and the
 * client does not reconnect because of this error.
 */
const isLasting = (error: unknown): boolean =>
  !(error instanceof Error && isCommandError(error)) ||
  (lasting.has(error.type) && !(error.code !== undefined && answers.has(error.code)));

/**
 * Returns the URL with a keep-alive interval that is longer by `number` milliseconds. Clients with equal options share a
 * connection, so a new client would go on with a connection that is dead. Without a keep-alive the URL stays as it is.
 */
export const withOwnConnection = (url: string, number: number): string => {
  const [name, value] = /keep[-_]?alive[-_]?interval=(-?\d+)/i.exec(url) ?? [];
  if (name === undefined) return `${url}${url.includes('?') ? '&' : '?'}keepAliveInterval=${keepAliveMs + number}`;
  const ownMs = Number(value);
  return ownMs < 0 ? url : url.replace(name, `keepAliveInterval=${ownMs + number}`);
};

const lasting: ReadonlySet<string> = new Set([ErrorType.UNKNOWN, ErrorType.TIMEOUT, ErrorType.DEADLINE_EXCEEDED]);

/**
 * The codes of gRPC that only a server which answers gives: RESOURCE_EXHAUSTED, such as a full disk, and
 * FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED and DATA_LOSS. The client knows none of them.
 */
const answers: ReadonlySet<number> = new Set([8, 9, 11, 12, 15]);

/** Ends the calls and subscriptions of a client, and closes its connection. */
const disconnect = async (client: EventStoreDBClient): Promise<void> => {
  // A client that is still connecting disposes only afterwards, which may take for ever. The timer also keeps the
  // process alive: without it, a process with nothing else to do would exit here with code 13.
  const timer = new AbortController();
  const timeout = delay(disposeMsMax, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([client.dispose().then(() => closeChannel(client)), timeout]).catch(() => {});
  timer.abort();
};

/** The client itself ends its calls only, and its connection would stay open for half an hour. */
const closeChannel = async (client: EventStoreDBClient): Promise<void> => {
  const getChannel: unknown = Reflect.get(client, 'getChannel');
  if (typeof getChannel !== 'function') return;
  const channel: { close(): void } = await getChannel();
  channel.close();
};

// A copy of a log waits 30 seconds for a call, and others ten. Subscriptions are opened again by their readers.
const longestCallMs = 60_000;
// The client's own default.
const keepAliveMs = 10_000;
const failuresMax = 5;
const disposeMsMax = 2_000;
