import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import type { Position, Recorded } from './event-store.ts';
import { collect, comparePositions, isObject, type StoredEvent, toRecorded } from './reading.ts';

/** Reads the log up to a position, without following it. */
export type LogReader = {
  /**
   * Returns the events of streams with one of these name prefixes, in log order, from the start or after `after`, up to and
   * including `upTo`.
   */
  readonly read: (options: LogRange) => AsyncIterable<Recorded>;
  /** Ends every open call. */
  readonly close: () => Promise<void>;
};

/** `after` is exclusive. Without it the range begins with the first event. */
export type LogRange = {
  readonly streamPrefixes: readonly string[];
  readonly upTo: Position;
  readonly after?: Position;
  /** Throws for an event that is not a JSON object, which `Recorded` cannot hold. By default it is read as an empty one. */
  readonly onlyJson?: boolean;
};

/** Opens a separate connection to the store at `url` (`esdb://…`), which reads the log page by page. */
export const connectLogReader = ({ url }: { readonly url: string }): LogReader => {
  const client = EventStoreDBClient.connectionString(url);
  return { read: (options) => readLog(client, options), close: () => client.dispose() };
};

async function* readLog(
  client: EventStoreDBClient,
  { streamPrefixes, upTo, after, onlyJson = false }: LogRange,
): AsyncGenerator<Recorded, void, undefined> {
  let passed: Position | null = after ?? null;
  for (;;) {
    const page: { readonly event?: StoredEvent }[] = await collect<{ readonly event?: StoredEvent }>(
      client.readAll({ direction: FORWARDS, fromPosition: passed ?? START, maxCount: pageEvents }),
      pageTimeoutMs,
    );
    const passedBefore: Position | null = passed;
    for (const { event } of page) {
      if (event === undefined) continue;
      const recorded = toRecorded(event);
      // A page includes the event at its position, which is the last event of the previous page.
      if (passed !== null && comparePositions(recorded.position, passed) <= 0) continue;
      if (comparePositions(recorded.position, upTo) > 0) return;
      passed = recorded.position;
      if (!streamPrefixes.some((prefix) => recorded.stream.startsWith(prefix))) continue;
      if (onlyJson && !(isObject(event.data) && isObject(event.metadata)))
        throw new Error(`Revision ${recorded.revision} of ${recorded.stream} is not JSON, so it cannot be copied.`);
      yield recorded;
    }
    if (passed === null || passed === passedBefore) return;
  }
}

const pageEvents = 1_000;
const pageTimeoutMs = 30_000;
