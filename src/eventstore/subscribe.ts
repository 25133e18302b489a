import { type AllStreamResolvedEvent, type EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client';
import { createWakeUp } from '../async/wake-up.ts';
import { type Idle, type Position, type Recorded, StoreUnavailable } from './event-store.ts';
import { collect, comparePositions, type StoredEvent, toRecorded } from './reading.ts';

/** How closely to watch a subscription, in milliseconds. */
export type Watch = {
  /** After this time without an event, the log itself is read; after that, every `pollMs`. */
  readonly idleMs: number;
  readonly pollMs: number;
  /** When the log has an event that does not arrive for this long, the subscription hangs. */
  readonly silenceMs: number;
};

/** Implements `follow` of the port: a catch-up subscription to the whole log that the server filters. */
export async function* followAll(
  client: EventStoreDBClient,
  from: Position | 'start',
  options: FollowOptions,
  watch: Watch,
): AsyncGenerator<Recorded | Idle, void, undefined> {
  const { streamPrefixes, signal } = options;
  if (streamPrefixes.length === 0) throw new Error('Name at least one prefix of the streams to follow.');
  if (signal.aborted) return;

  const subscription = openSubscription(client, from, options);
  const progress: Progress = { passed: from, waitMs: watch.idleMs, owedSinceMs: null };
  try {
    while (!signal.aborted) {
      const resolved = subscription.next();
      if (resolved !== null) {
        if (resolved.event === undefined) continue;
        const recorded = toRecorded(resolved.event);
        progress.passed = recorded.position;
        progress.owedSinceMs = null;
        progress.waitMs = watch.idleMs;
        yield recorded;
        continue;
      }
      if (await subscription.wait(progress.waitMs)) continue;

      const page = { from: progress.passed, maxCount: progress.waitMs === 0 ? longPage : shortPage };
      const ahead = await readAhead(client, page, options, watch.silenceMs);
      if (signal.aborted) return;
      if (ahead.isOwed) {
        waitForOwed(progress, subscription, watch);
        continue;
      }
      // Other applications may have written much. Then the next page is read without a pause.
      progress.waitMs = ahead.isEnd ? watch.pollMs : 0;
      progress.owedSinceMs = null;
      progress.passed = ahead.head;
      if (ahead.head !== 'start') yield { idle: true, head: ahead.head, isEnd: ahead.isEnd };
    }
  } finally {
    subscription.close();
  }
}

type FollowOptions = { readonly streamPrefixes: readonly string[]; readonly signal: AbortSignal };

/** How far the log was followed. */
type Progress = {
  /** Everything up to here was delivered, or does not match. */
  passed: Position | 'start';
  /** How long to wait for an event before the log itself is read. */
  waitMs: number;
  /** Since when the log has a matching event that has not arrived; null when there is none. */
  owedSinceMs: number | null;
};

/** Sets how long to wait for an event that the log has. Throws StoreUnavailable when it should have arrived by now. */
const waitForOwed = (progress: Progress, subscription: Subscription, { pollMs, silenceMs }: Watch): void => {
  progress.owedSinceMs ??= performance.now();
  const silentMs = performance.now() - progress.owedSinceMs;
  if (silentMs >= silenceMs && !subscription.hasBuffered()) throw dropped('hangs: events do not arrive');
  progress.waitMs = Math.max(1, Math.min(pollMs, silenceMs - silentMs));
};

type Subscription = {
  /** Returns the next event; null when none has arrived. Throws StoreUnavailable when the subscription has ended. */
  readonly next: () => AllStreamResolvedEvent | null;
  /** Returns true when something has happened since the last wait. Returns false after `waitMs`. */
  readonly wait: (waitMs: number) => Promise<boolean>;
  /** Returns true when an event has arrived that was not read yet. */
  readonly hasBuffered: () => boolean;
  readonly close: () => void;
};

const openSubscription = (
  client: EventStoreDBClient,
  from: Position | 'start',
  { streamPrefixes, signal }: FollowOptions,
): Subscription => {
  const subscription = client.subscribeToAll(
    { fromPosition: from === 'start' ? START : from, filter: streamNameFilter({ prefixes: [...streamPrefixes] }) },
    { highWaterMark: bufferedEventsMax },
  );
  const wakeUp = createWakeUp();
  let ended: Error | null = null;
  const end = (error: Error) => {
    ended ??= error;
    wakeUp.wake();
  };
  subscription.on('readable', wakeUp.wake);
  // A lost connection causes one of these three events; which one depends on how it was lost. The listeners are never
  // removed: an 'error' event without a listener would end the process.
  subscription.on('error', (error) => end(dropped('failed', error)));
  subscription.on('end', () => end(dropped('was ended by the server')));
  subscription.on('close', () => end(dropped('was closed')));
  signal.addEventListener('abort', wakeUp.wake, { once: true });

  return {
    next: () => {
      const resolved: AllStreamResolvedEvent | null = subscription.read();
      if (resolved === null && ended !== null) throw ended;
      return resolved;
    },
    wait: wakeUp.wait,
    hasBuffered: () => subscription.readableLength > 0,
    close: () => {
      signal.removeEventListener('abort', wakeUp.wake);
      // This rejects when there never was a connection. Then there is nothing to close.
      subscription.unsubscribe().catch(() => {});
      subscription.destroy();
    },
  };
};

/**
 * Reads a page of the log itself after `from`, up to the first event that matches. `isOwed`: the event after `head`
 * matches, so the subscription must deliver it. `isEnd`: the log has no further page. The log grows only at its end, so
 * the events before `head` never match later. The server's own checkpoint messages are known to skip events.
 */
const readAhead = async (
  client: EventStoreDBClient,
  { from, maxCount }: { readonly from: Position | 'start'; readonly maxCount: number },
  { streamPrefixes, signal }: FollowOptions,
  timeoutMs: number,
): Promise<{ head: Position | 'start'; isOwed: boolean; isEnd: boolean }> => {
  const events = await collect<{ readonly event?: StoredEvent }>(
    client.readAll({ fromPosition: from === 'start' ? START : from, maxCount }),
    timeoutMs,
    signal,
  ).catch((error: Error) => {
    if (signal.aborted) return [];
    throw dropped('may hang: the log cannot be read', error);
  });
  let head = from;
  for (const { event } of events) {
    if (event === undefined) continue;
    const { stream, position } = toRecorded(event);
    // A read includes the event at its position; a subscription begins after it.
    if (from !== 'start' && comparePositions(position, from) <= 0) continue;
    if (streamPrefixes.some((prefix) => stream.startsWith(prefix))) return { head, isOwed: true, isEnd: false };
    head = position;
  }
  return { head, isOwed: false, isEnd: events.length < maxCount };
};

const dropped = (how: string, cause?: Error): StoreUnavailable =>
  new StoreUnavailable(`The subscription to the event store ${how}${cause ? `: ${cause.message}` : ''}.`, { cause });

const bufferedEventsMax = 512;
// Most often there is no event, or the first one matches.
const shortPage = 100;
const longPage = 1_000;
