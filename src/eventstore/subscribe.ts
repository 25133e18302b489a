import { type AllStreamResolvedEvent, type EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client';
import { createWakeUp } from '../async/wake-up.ts';
import { type Idle, type Position, type Recorded, StoreUnavailable } from './event-store.ts';
import { collect, comparePositions, type StoredEvent, toRecorded } from './reading.ts';

/** How closely a subscription is watched, in milliseconds. */
export type Watch = {
  /** After so long without an event, the log itself is looked at; then again every `pollMs`. */
  readonly idleMs: number;
  readonly pollMs: number;
  /** An event that is in the log and does not arrive for so long means that the subscription hangs. */
  readonly silenceMs: number;
};

/** `follow` of the port, over a catch-up subscription to the whole log, filtered by the server. */
export async function* followAll(
  client: EventStoreDBClient,
  from: Position | 'start',
  { streamPrefixes, signal }: { readonly streamPrefixes: readonly string[]; readonly signal: AbortSignal },
  { idleMs, pollMs, silenceMs }: Watch,
): AsyncGenerator<Recorded | Idle, void, undefined> {
  if (streamPrefixes.length === 0) throw new Error('Name at least one prefix of the streams to follow.');
  if (signal.aborted) return;

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
  // One of the three comes, which one depends on how the connection was lost. The listeners stay to the end: an error
  // that nobody listens to would end the process.
  subscription.on('error', (error) => end(dropped('failed', error)));
  subscription.on('end', () => end(dropped('was ended by the server')));
  subscription.on('close', () => end(dropped('was closed')));
  signal.addEventListener('abort', wakeUp.wake, { once: true });

  /** Everything up to here was handed out, or does not match. */
  let passed = from;
  let waitMs = idleMs;
  let owedSince: number | null = null;
  try {
    while (!signal.aborted) {
      const resolved: AllStreamResolvedEvent | null = subscription.read();
      if (resolved !== null) {
        if (resolved.event === undefined) continue;
        const recorded = toRecorded(resolved.event);
        passed = recorded.position;
        owedSince = null;
        waitMs = idleMs;
        yield recorded;
        continue;
      }
      if (ended !== null) throw ended;
      if (await wakeUp.wait(waitMs)) continue;

      const ahead = { from: passed, maxCount: waitMs === 0 ? longPage : shortPage };
      const { head, isOwed, isEnd } = await readAhead(client, ahead, streamPrefixes, { timeoutMs: silenceMs, signal });
      if (signal.aborted) return;
      if (isOwed) {
        owedSince ??= performance.now();
        const silentMs = performance.now() - owedSince;
        if (silentMs >= silenceMs && subscription.readableLength === 0) throw dropped('hangs: events do not arrive');
        waitMs = Math.max(1, Math.min(pollMs, silenceMs - silentMs));
        continue;
      }
      // Others may have written much: page after page, without a pause between them.
      waitMs = isEnd ? pollMs : 0;
      owedSince = null;
      passed = head;
      if (passed !== 'start') yield { idle: true, head: passed };
    }
  } finally {
    signal.removeEventListener('abort', wakeUp.wake);
    // It fails when there never was a connection; there is nothing to close then.
    subscription.unsubscribe().catch(() => {});
    subscription.destroy();
  }
}

/**
 * Reads a page of the log itself beyond `from`, as far as no event there matches. `isOwed`: the event after `head`
 * does, so the subscription must deliver it. `isEnd`: the log had no further page. The log grows only at its end, so an
 * event that does not match stays so; the server's own checkpoint messages are known to skip events.
 */
const readAhead = async (
  client: EventStoreDBClient,
  { from, maxCount }: { readonly from: Position | 'start'; readonly maxCount: number },
  streamPrefixes: readonly string[],
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
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
    // A read begins at its position, a subscription after it.
    if (from !== 'start' && comparePositions(position, from) <= 0) continue;
    if (streamPrefixes.some((prefix) => stream.startsWith(prefix))) return { head, isOwed: true, isEnd: false };
    head = position;
  }
  return { head, isOwed: false, isEnd: events.length < maxCount };
};

const dropped = (how: string, cause?: Error): StoreUnavailable =>
  new StoreUnavailable(`The subscription to the event store ${how}${cause ? `: ${cause.message}` : ''}.`, { cause });

const bufferedEventsMax = 512;
// Most often there is nothing, or what is next is ours.
const shortPage = 100;
const longPage = 1_000;
