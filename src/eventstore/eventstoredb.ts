import { setTimeout as delay } from 'node:timers/promises';
import {
  BACKWARDS,
  END,
  ErrorType,
  EventStoreDBClient,
  isCommandError,
  type JSONEventData,
  jsonEvent,
  NO_STREAM,
  type ResolvedEvent,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { retry } from '../async/retry.ts';
import {
  AppendTooLarge,
  type EventStore,
  OutcomeUnknown,
  type Proposed,
  type Recorded,
  RevisionConflict,
  StoreUnavailable,
} from './event-store.ts';
import { collect, toRecorded } from './reading.ts';
import { followAll, type Watch } from './subscribe.ts';

/** The store at `url` (`esdb://…`), and how to let go of it. */
export type ConnectedStore = EventStore & {
  /** Ends every call that is open; the process may exit then. */
  close(): Promise<void>;
};

/** How a store is reached and watched; times have defaults. */
export type EventStoreDbOptions = {
  readonly url: string;
  readonly watch?: Partial<Watch>;
  /** A page of a read that takes longer has failed. */
  readonly readTimeoutMs?: number;
};

/**
 * Connects to EventStoreDB or to whatever speaks its protocol, on first use. Throws when the URL cannot be used. A client
 * that keeps failing is replaced, because this one can remember a failure for ever.
 */
export const connectEventStore = ({ url, watch, readTimeoutMs = 10_000 }: EventStoreDbOptions): ConnectedStore => {
  const credentials = credentialsOf(url);
  let client = EventStoreDBClient.connectionString(url);
  let failuresInARow = 0;

  const call = async <Result>(use: (client: EventStoreDBClient) => Promise<Result>): Promise<Result> => {
    const used = client;
    try {
      const result = await use(used);
      failuresInARow = 0;
      return result;
    } catch (error) {
      failuresInARow = isLasting(error) ? failuresInARow + 1 : 0;
      if (failuresInARow >= failuresMax && client === used) {
        failuresInARow = 0;
        client = EventStoreDBClient.connectionString(url);
      }
      throw error;
    }
  };

  const readPage = async (stream: string, options: PageOptions): Promise<readonly Recorded[]> => {
    try {
      const page = await call((used) => collect<ResolvedEvent>(used.readStream(stream, options), readTimeoutMs));
      return page.flatMap(({ event }) => (event === undefined ? [] : [toRecorded(event)]));
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw error;
    }
  };

  const closing = new AbortController();

  return {
    read: async (stream, from = 0n, eventsMax = Number.POSITIVE_INFINITY) => {
      const events: Recorded[] = [];
      for (;;) {
        const next = from + BigInt(events.length);
        const maxCount = Math.min(pageEvents, eventsMax - events.length);
        const page = maxCount > 0 ? await again(() => readPage(stream, { fromRevision: next, maxCount })) : [];
        for (const event of page) events.push(event);
        if (page.length < pageEvents) {
          const revision = events.at(-1)?.revision ?? (from === 0n ? 'no_stream' : from - 1n);
          return { events, revision };
        }
      }
    },

    readBackwards: (stream, from, eventsMax) =>
      again(() =>
        readPage(stream, { direction: BACKWARDS, fromRevision: from === 'end' ? END : from, maxCount: eventsMax }),
      ),

    append: async (stream, events, expected, { timeoutMs }) => {
      const messages = events.map(toMessage);
      try {
        const { nextExpectedRevision, position } = await within(timeoutMs + graceMs, () =>
          call((used) =>
            used.appendToStream(stream, messages, {
              expectedRevision: expected === 'no_stream' ? NO_STREAM : expected,
              // Given per call, they select the unary call: it keeps its deadline, and one failure cannot reject the others'.
              credentials,
              deadline: timeoutMs,
            }),
          ),
        );
        if (position === undefined) throw new Error('The event store did not tell the position of an append.');
        return { revision: nextExpectedRevision, position };
      } catch (error) {
        throw appendError(error, stream, expected);
      }
    },

    follow: (from, { streamPrefixes, signal }) =>
      followAll(
        client,
        from,
        { streamPrefixes, signal: AbortSignal.any([signal, closing.signal]) },
        { ...defaultWatch, ...watch },
      ),

    head: async ({ timeoutMs }) => {
      const read = () =>
        call((used) =>
          collect<ResolvedEvent>(used.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }), timeoutMs),
        );
      const [last] = await again(read);
      return last?.event === undefined ? null : toRecorded(last.event).position;
    },

    close: async () => {
      closing.abort();
      // A client that is connecting waits for that first, which may take for ever. The timer keeps the process alive until
      // then: a process that has nothing else to wait for would end in the middle, with exit code 13.
      const waiting = new AbortController();
      const timeout = delay(disposeMsMax, undefined, { signal: waiting.signal }).catch(() => {});
      await Promise.race([client.dispose(), timeout]);
      waiting.abort();
    },
  };
};

type PageOptions = {
  readonly direction?: typeof BACKWARDS;
  readonly fromRevision: bigint | typeof END;
  readonly maxCount: number;
};

const disposeMsMax = 2_000;

/** Reads change nothing, so a lost connection is worth another try; throws StoreUnavailable in the end. */
const again = <Result>(read: () => Promise<Result>): Promise<Result> =>
  retry(read, (error, failures) => {
    if (failures === readAttemptsMax)
      throw new StoreUnavailable(`The event store cannot be read: ${messageOf(error)}`, { cause: error });
    return failures * readPauseMs;
  });

/** The client has been seen to keep an append waiting for ever; it may still happen afterwards. */
const within = async <Result>(timeoutMs: number, work: () => Promise<Result>): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    clearTimeout(timer);
  }
};

const toMessage = ({ id, type, data, metadata }: Proposed): JSONEventData => {
  // The client hangs on what JSON cannot hold: such an event must fail here.
  JSON.stringify([data, metadata]);
  return jsonEvent({ id, type, data, metadata });
};

const appendError = (error: unknown, stream: string, expected: bigint | 'no_stream'): Error => {
  if (error instanceof WrongExpectedVersionError)
    return new RevisionConflict(`${stream} is not at revision ${expected} but at ${error.actualVersion}.`, {
      cause: error,
    });
  if (error instanceof Error && isCommandError(error) && error.type === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED)
    return new AppendTooLarge(`The event store refused an append to ${stream} for its size: ${error.message}`, {
      cause: error,
    });
  if (error instanceof Error && isCommandError(error) && refusals.has(error.type))
    return new StoreUnavailable(`The event store refused to append to ${stream}: ${error.message}`, { cause: error });
  return new OutcomeUnknown(`It is not known whether an append to ${stream} happened: ${messageOf(error)}`, {
    cause: error,
  });
};

/** The server's definite no. */
const refusals: ReadonlySet<string> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.INVALID_TRANSACTION,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.STREAM_DELETED,
]);

/** A failure that another try through the same client may meet again: neither an answer nor what makes it reconnect. */
const isLasting = (error: unknown): boolean =>
  !(error instanceof Error && isCommandError(error)) || lasting.has(error.type);

const lasting: ReadonlySet<string> = new Set([ErrorType.UNKNOWN, ErrorType.TIMEOUT, ErrorType.DEADLINE_EXCEEDED]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Without TLS the client drops them. With it they come from the URL: made up ones would only be refused later. */
const credentialsOf = (url: string): { username: string; password: string } => {
  const [, username, password] = /^[^:]+:\/\/([^:/@]+):([^@/]+)@/.exec(url) ?? [];
  if (username !== undefined && password !== undefined)
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  if (/[?&]tls=false(&|$)/i.test(url)) return { username: 'ledger', password: 'unused' };
  throw new Error('EVENTSTORE_URL uses TLS and names no login: write esdb://user:password@host, or add ?tls=false.');
};

const defaultWatch: Watch = { idleMs: 500, pollMs: 500, silenceMs: 15_000 };
const pageEvents = 1_000;
const readAttemptsMax = 3;
const readPauseMs = 100;
const graceMs = 250;
const failuresMax = 5;
