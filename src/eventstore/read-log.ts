import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import type { Position, Recorded } from './event-store.ts';
import { collect, comparePositions, type StoredEvent, toRecorded } from './reading.ts';

/** Reads the log as it is now, without following it. */
export type LogReader = {
  /** Every event of the streams with one of these prefixes, in log order, up to and including `upTo`. */
  readonly read: (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;
  /** Ends every call that is open. */
  readonly close: () => Promise<void>;
};

/** Reads the log at `url` (`esdb://…`) page by page, over a connection of its own. */
export const connectLogReader = ({ url }: { readonly url: string }): LogReader => {
  const client = EventStoreDBClient.connectionString(url);
  return { read: (options) => readLog(client, options), close: () => client.dispose() };
};

async function* readLog(
  client: EventStoreDBClient,
  { streamPrefixes, upTo }: { readonly streamPrefixes: readonly string[]; readonly upTo: Position },
): AsyncGenerator<Recorded, void, undefined> {
  let passed: Position | null = null;
  for (;;) {
    const page: { readonly event?: StoredEvent }[] = await collect<{ readonly event?: StoredEvent }>(
      client.readAll({ direction: FORWARDS, fromPosition: passed ?? START, maxCount: pageEvents }),
      pageTimeoutMs,
    );
    const before: Position | null = passed;
    for (const { event } of page) {
      if (event === undefined) continue;
      const recorded = toRecorded(event);
      // A page begins with the event at its position, which was the last one of the page before.
      if (passed !== null && comparePositions(recorded.position, passed) <= 0) continue;
      if (comparePositions(recorded.position, upTo) > 0) return;
      passed = recorded.position;
      if (streamPrefixes.some((prefix) => recorded.stream.startsWith(prefix))) yield recorded;
    }
    if (passed === null || passed === before) return;
  }
}

const pageEvents = 1_000;
const pageTimeoutMs = 30_000;
