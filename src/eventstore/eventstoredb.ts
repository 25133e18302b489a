import { BACKWARDS, END, type ResolvedEvent, StreamNotFoundError } from '@eventstore/db-client';
import { refuseWithConnection } from '../async/connection-watch.ts';
import { retry } from '../async/retry.ts';
import { messageOf } from './append-errors.ts';
import { type Credentials, createAppending } from './appending.ts';
import { type Connection, openConnection } from './connection.ts';
import { type EventStore, type Position, type Recorded, type Revision, StoreUnavailable } from './event-store.ts';
import { collect, toRecorded } from './reading.ts';
import { followAll, type Watch } from './subscribe.ts';

/** The store at `url` (`esdb://…`), and how to close the connection. */
export type ConnectedStore = EventStore & {
  /** Ends every open call, so that the process can exit. */
  close(): Promise<void>;
};

/** How to reach and watch a store. The times have defaults. */
export type EventStoreDbOptions = {
  readonly url: string;
  readonly watch?: Partial<Watch>;
  /** Milliseconds that one page of a read may take before the read fails. */
  readonly readTimeoutMs?: number;
  /** Gathers the appends of different streams into one call. Only for the embedded event store. Default: false. */
  readonly gathersAppends?: boolean;
};

/**
 * Connects to EventStoreDB, or to a server that speaks its protocol, on first use. Throws when the URL cannot be used.
 * A client that keeps failing is replaced.
 */
export const connectEventStore = ({
  url,
  watch,
  readTimeoutMs = 10_000,
  gathersAppends = false,
}: EventStoreDbOptions): ConnectedStore => {
  const connection = openConnection(url);
  const appending = createAppending({ connection, credentials: credentialsOf(url), gathers: gathersAppends });
  const reader: Reader = { connection, timeoutMs: readTimeoutMs };
  const closing = new AbortController();

  return {
    read: async (stream, from = 0n, eventsMax = Number.POSITIVE_INFINITY) => {
      refuseWithConnection('read a stream');
      return readForwards(reader, stream, from, eventsMax);
    },

    readBackwards: async (stream, from, eventsMax) => {
      refuseWithConnection('read a stream');
      const fromRevision = from === 'end' ? END : from;
      return retryRead(() => readPage(reader, stream, { direction: BACKWARDS, fromRevision, maxCount: eventsMax }));
    },

    append: async (stream, events, expected, { timeoutMs }) => {
      refuseWithConnection('append');
      return appending.append({ stream, events, expected, timeoutMs });
    },

    follow: (from, { streamPrefixes, signal }) =>
      followAll(
        connection.client(),
        from,
        { streamPrefixes, signal: AbortSignal.any([signal, closing.signal]) },
        { ...defaultWatch, ...watch },
      ),

    head: async ({ timeoutMs }) => {
      refuseWithConnection('read the log');
      return readHead({ connection, timeoutMs });
    },

    close: async () => {
      closing.abort();
      appending.close();
      await connection.close();
    },
  };
};

/** Where pages are read from, and how long one page may take. */
type Reader = { readonly connection: Connection; readonly timeoutMs: number };

type PageOptions = {
  readonly direction?: typeof BACKWARDS;
  readonly fromRevision: bigint | typeof END;
  readonly maxCount: number;
};

/** Reads one page of a stream. Returns no events when the stream does not exist. */
const readPage = async (
  { connection, timeoutMs }: Reader,
  stream: string,
  options: PageOptions,
): Promise<readonly Recorded[]> => {
  try {
    const page = await connection.call((client) =>
      collect<ResolvedEvent>(client.readStream(stream, options), timeoutMs),
    );
    return page.flatMap(({ event }) => (event === undefined ? [] : [toRecorded(event)]));
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  }
};

/** Reads a stream page by page, as `read` of the port. */
const readForwards = async (
  reader: Reader,
  stream: string,
  from: bigint,
  eventsMax: number,
): Promise<{ events: readonly Recorded[]; revision: Revision }> => {
  const events: Recorded[] = [];
  for (;;) {
    const fromRevision = from + BigInt(events.length);
    const maxCount = Math.min(pageEvents, eventsMax - events.length);
    const page = maxCount > 0 ? await retryRead(() => readPage(reader, stream, { fromRevision, maxCount })) : [];
    for (const event of page) events.push(event);
    if (page.length < pageEvents) {
      const revision = events.at(-1)?.revision ?? (from === 0n ? 'no_stream' : from - 1n);
      return { events, revision };
    }
  }
};

const readHead = async ({ connection, timeoutMs }: Reader): Promise<Position | null> => {
  const [last] = await retryRead(() =>
    connection.call((client) =>
      collect<ResolvedEvent>(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }), timeoutMs),
    ),
  );
  return last?.event === undefined ? null : toRecorded(last.event).position;
};

/** Repeats a read that failed, because a read changes nothing. Throws StoreUnavailable after three tries. */
const retryRead = <Result>(read: () => Promise<Result>): Promise<Result> =>
  retry(read, (error, failures) => {
    if (failures === readAttemptsMax)
      throw new StoreUnavailable(`The event store cannot be read: ${messageOf(error)}`, { cause: error });
    return failures * readPauseMs;
  });

/**
 * Returns the login for an append. Without TLS the client does not send it, so any value works. With TLS it comes from
 * the URL, because the server would refuse an invented one.
 */
const credentialsOf = (url: string): Credentials => {
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
