import { BACKWARDS, END, EventStoreDBClient, type ResolvedEvent } from '@eventstore/db-client';
import type { Position, Recorded } from '../event-store.ts';
import { collect, toRecorded } from '../reading.ts';

/**
 * Returns the last event of the log at `url` in a stream with one of these name prefixes, or null when there is none. Reads
 * the log backwards, so events of others behind it cost time.
 */
export const lastOfPrefixes = async (url: string, streamPrefixes: readonly string[]): Promise<Recorded | null> => {
  const client = EventStoreDBClient.connectionString(url);
  try {
    let from: Position | typeof END = END;
    for (;;) {
      const page: ResolvedEvent[] = await collect<ResolvedEvent>(
        client.readAll({ direction: BACKWARDS, fromPosition: from, maxCount: pageEvents }),
        pageTimeoutMs,
      );
      const events = page.flatMap(({ event }) => (event === undefined ? [] : [toRecorded(event)]));
      const last = events.find(({ stream }) => streamPrefixes.some((prefix) => stream.startsWith(prefix)));
      if (last !== undefined) return last;
      const first = events.at(-1)?.position;
      // A page may include the event at its position, which is the last event of the previous page.
      if (first === undefined || (from !== END && first.commit === from.commit && first.prepare === from.prepare))
        return null;
      from = first;
    }
  } finally {
    await client.dispose();
  }
};

const pageEvents = 500;
const pageTimeoutMs = 30_000;
