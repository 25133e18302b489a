import type { EventStore, Recorded } from './event-store.ts';

/**
 * Reads a stream from revision `from` to its end in pages, so that at most `pageMax` events are in memory at once.
 */
export async function* readPages(
  store: Pick<EventStore, 'read'>,
  stream: string,
  from = 0n,
  pageMax = 500,
): AsyncGenerator<readonly Recorded[], void, undefined> {
  for (let next = from; ; ) {
    const { events } = await store.read(stream, next, pageMax);
    if (events.length > 0) yield events;
    const last = events.at(-1);
    if (last === undefined || events.length < pageMax) return;
    next = last.revision + 1n;
  }
}
