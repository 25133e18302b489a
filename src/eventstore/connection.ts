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
  /** Closes the current client. Waits for it two seconds at most. */
  readonly close: () => Promise<void>;
};

/** Opens a connection to the store at `url`. The client connects on first use. Throws when the URL cannot be used. */
export const openConnection = (url: string): Connection => {
  let client = EventStoreDBClient.connectionString(url);
  let failuresInARow = 0;
  let replacements = 0;

  const countFailure = (failed: EventStoreDBClient, error: unknown): void => {
    failuresInARow = isLasting(error) ? failuresInARow + 1 : 0;
    // Calls that began before a replacement may fail after it. They do not replace the new client.
    if (failuresInARow < failuresMax || client !== failed) return;
    failuresInARow = 0;
    replacements += 1;
    client = EventStoreDBClient.connectionString(withOwnConnection(url, replacements));
  };

  return {
    call: async (request) => {
      const used = client;
      try {
        const result = await request(used);
        failuresInARow = 0;
        return result;
      } catch (error) {
        countFailure(used, error);
        throw error;
      }
    },
    client: () => client,
    close: () => dispose(client),
  };
};

/**
 * Returns true when another try through the same client may fail in the same way: the store did not answer, and the
 * client does not reconnect because of this error.
 */
const isLasting = (error: unknown): boolean =>
  !(error instanceof Error && isCommandError(error)) || lasting.has(error.type);

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

const dispose = async (client: EventStoreDBClient): Promise<void> => {
  // A client that is still connecting disposes only afterwards, which may take for ever. The timer also keeps the
  // process alive: without it, a process with nothing else to do would exit here with code 13.
  const timer = new AbortController();
  const timeout = delay(disposeMsMax, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([client.dispose(), timeout]);
  timer.abort();
};

// The client's own default.
const keepAliveMs = 10_000;
const failuresMax = 5;
const disposeMsMax = 2_000;
