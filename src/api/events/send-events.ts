import type { ServerResponse } from 'node:http';
import type { FeedEvent, FeedPage, FeedPlace } from '../../projections/queries/event-feed.ts';
import { cloudEvent } from './cloud-event.ts';

type Sending = {
  /** The place where the stream begins, and the first page. */
  readonly first: FeedPage;
  /** Returns the next page after a place, or an empty page after a while. Returns null when the feed has ended. */
  readonly next: (after: FeedPlace | null) => Promise<FeedPage | null>;
  readonly cursorOf: (place: FeedPlace | null) => string;
  /** Ends the stream. */
  readonly signal: AbortSignal;
};

/**
 * Writes a feed as server-sent events until the signal aborts, the feed ends, or the reader takes nothing for a minute.
 * It waits for a slow reader, so at most one page is in memory. It writes an empty page as a comment, with the cursor
 * when it has moved on. So both sides notice a lost connection.
 */
export const sendEvents = async (
  response: ServerResponse,
  { first, next, cursorOf, signal }: Sending,
): Promise<void> => {
  // Writing to a closed connection would fail.
  const send = async (text: string): Promise<boolean> =>
    !signal.aborted && !response.writableEnded && (response.write(text) || (await drained(response, signal)));
  let page = first;
  let sentTo: FeedPlace | null = null;
  if (!(await send(`retry: ${reconnectMs}\n\n`))) return;
  for (;;) {
    for (const event of page.events) {
      if (!(await send(eventText(event, cursorOf(event))))) return;
      sentTo = event;
    }
    const { through } = page;
    const isFurther = through !== null && through.position !== (sentTo?.position ?? null);
    if (isFurther && !(await send(`id: ${cursorOf(through)}\n\n`))) return;
    if (isFurther) sentTo = through;
    if (page.events.length === 0 && !page.hasMore && !(await send(': still here\n\n'))) return;
    const following = await next(through);
    if (following === null) return;
    page = following;
  }
};

// JSON text has no line breaks, which would end the data field.
const eventText = (event: FeedEvent, cursor: string): string => {
  const cloud = cloudEvent(event);
  return `id: ${cursor}\nevent: ${cloud.type}\ndata: ${JSON.stringify(cloud)}\n\n`;
};

/** Returns true when the reader has taken the data. Returns false when it has not, or when the signal aborts. */
const drained = (response: ServerResponse, signal: AbortSignal): Promise<boolean> => {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isDrained: boolean) => {
      clearTimeout(timer);
      response.off('drain', goOn);
      signal.removeEventListener('abort', stop);
      resolve(isDrained);
    };
    const goOn = () => end(true);
    const stop = () => end(false);
    const timer = setTimeout(stop, patienceMs);
    response.on('drain', goOn);
    signal.addEventListener('abort', stop);
  });
};

const reconnectMs = 1_000;
const patienceMs = 60_000;
