import type { ServerResponse } from 'node:http';
import type { FeedEvent, FeedPage } from '../../projections/queries/event-feed.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import { cloudEvent } from './cloud-event.ts';

type Sending = {
  /** The place where the stream begins. Null stands for the first event. */
  readonly start: FeedPlace | null;
  /** Returns the next page after a place, or an empty page after a while. Returns null when the feed has ended. */
  readonly next: (after: FeedPlace | null) => Promise<FeedPage | null>;
  readonly cursorOf: (place: FeedPlace | null) => string;
  /** Ends the stream. */
  readonly signal: AbortSignal;
};

/**
 * Writes a feed as server-sent events until the signal aborts, the feed ends, or the reader takes nothing for a minute.
 * It waits for a slow reader. After a second it forgets the rest of the page and reads it again later, so a reader that
 * takes nothing costs one event of memory. It writes an empty page as a comment, with the cursor when it has moved on.
 * So both sides notice a lost connection.
 */
export const sendEvents = async (response: ServerResponse, sending: Sending): Promise<void> => {
  let place = sending.start;
  if (!(await write(response, sending.signal, `retry: ${reconnectMs}\n\n`, patienceMs))) return;
  for (;;) {
    const sent = await sendPage(response, sending, place);
    if (sent.end === 'ended') return;
    place = sent.place;
    if (sent.end === 'blocked' && !(await drained(response, sending.signal, patienceMs))) return;
  }
};

/** How far a page was sent. `blocked`: the reader takes nothing at the moment. */
type PageSent = { readonly place: FeedPlace | null; readonly end: 'whole' | 'blocked' | 'ended' };

const sendPage = async (
  response: ServerResponse,
  { next, cursorOf, signal }: Sending,
  after: FeedPlace | null,
): Promise<PageSent> => {
  const page = await next(after);
  if (page === null || signal.aborted || response.writableEnded) return { place: after, end: 'ended' };
  let place = after;
  const send = async (text: string, to: FeedPlace | null): Promise<boolean> => {
    place = to;
    return write(response, signal, text, briefMs);
  };
  const stopped = (): PageSent => ({ place, end: signal.aborted || response.destroyed ? 'ended' : 'blocked' });
  for (const event of page.events) {
    const { position, licenseId, revision } = event;
    if (!(await send(eventText(event, cursorOf(event)), { position, licenseId, revision }))) return stopped();
  }
  const { through } = page;
  if (through !== null && through.position !== place?.position) {
    if (!(await send(`id: ${cursorOf(through)}\n\n`, through))) return stopped();
  }
  if (page.events.length === 0 && !page.hasMore && !(await send(': still here\n\n', place))) return stopped();
  return { place: through ?? place, end: 'whole' };
};

// JSON text has no line breaks, which would end the data field.
const eventText = (event: FeedEvent, cursor: string): string => {
  const cloud = cloudEvent(event);
  return `id: ${cursor}\nevent: ${cloud.type}\ndata: ${JSON.stringify(cloud)}\n\n`;
};

/** Writes a text. Returns false when the reader has not taken it in time, or the stream must end. */
const write = async (response: ServerResponse, signal: AbortSignal, text: string, waitMs: number): Promise<boolean> => {
  // Writing to a closed connection would fail.
  if (signal.aborted || response.writableEnded) return false;
  return response.write(text) || drained(response, signal, waitMs);
};

/** Returns true when the reader has taken the data. Returns false when it has not in time, or when the signal aborts. */
const drained = (response: ServerResponse, signal: AbortSignal, waitMs: number): Promise<boolean> => {
  if (signal.aborted) return Promise.resolve(false);
  if (!response.writableNeedDrain) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isDrained: boolean) => {
      clearTimeout(timer);
      response.off('drain', goOn);
      signal.removeEventListener('abort', stop);
      resolve(isDrained);
    };
    const goOn = () => end(true);
    const stop = () => end(false);
    const timer = setTimeout(stop, waitMs);
    response.on('drain', goOn);
    signal.addEventListener('abort', stop);
  });
};

const reconnectMs = 1_000;
const briefMs = 1_000;
const patienceMs = 60_000;
