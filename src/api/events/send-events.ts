import type { ServerResponse } from 'node:http';
import type { FeedEvent, FeedPage, FeedPlace } from '../../projections/queries/event-feed.ts';
import { cloudEvent } from './cloud-event.ts';

type Sending = {
  /** Where it begins, and the page that was read from there. */
  readonly first: FeedPage;
  /** The next page after a place, or an empty one after a while; null: there is none any more. */
  readonly next: (after: FeedPlace | null) => Promise<FeedPage | null>;
  readonly cursorOf: (place: FeedPlace | null) => string;
  /** Ends it. */
  readonly signal: AbortSignal;
};

/**
 * Writes a feed as server-sent events until the signal is given, the feed ends, or the reader takes nothing for a minute.
 * At most one page is in memory: a slow reader is waited for. An empty page is written as a comment, so that both sides
 * notice a lost connection, with the cursor where it has moved on.
 */
export const sendEvents = async (
  response: ServerResponse,
  { first, next, cursorOf, signal }: Sending,
): Promise<void> => {
  // Writing to a reader that has gone would be an error.
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

// JSON has no line ends of its own.
const eventText = (event: FeedEvent, cursor: string): string => {
  const shown = cloudEvent(event);
  return `id: ${cursor}\nevent: ${shown.type}\ndata: ${JSON.stringify(shown)}\n\n`;
};

/** True when the reader has taken what was written; false when it has not, or the signal was given. */
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
