import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, type Position, type Recorded, StoreUnavailable } from '../../eventstore/event-store.ts';
import { comparePositions } from '../../eventstore/reading.ts';

type Range = {
  readonly from: Position | 'start';
  readonly streamPrefixes: readonly string[];
  readonly signal: AbortSignal;
};

/** Yields the events after `from`, up to and including `upTo`. Throws StoreUnavailable when the connection is lost. */
export async function* eventsUpTo(
  store: Pick<EventStore, 'follow'>,
  { from, streamPrefixes, signal }: Range,
  upTo: Position,
): AsyncGenerator<Recorded, void, undefined> {
  if (from !== 'start' && comparePositions(from, upTo) >= 0) return;
  for await (const item of store.follow(from, { streamPrefixes, signal })) {
    const position = 'idle' in item ? item.head : item.position;
    if (!('idle' in item) && comparePositions(position, upTo) <= 0) yield item;
    if (comparePositions(position, upTo) >= 0) return;
  }
}

/** A store to follow. It has to be closed, and another connection may lead to another place. */
export type OpenStore = Pick<EventStore, 'follow'> & { readonly close: () => Promise<void> };

type Reconnecting = {
  /** Opens a store. Throws while none can be reached. */
  readonly open: () => Promise<OpenStore>;
  /** Called when the connection is lost, and again only after an event has come. */
  readonly onLost: (error: unknown) => void;
  /** True for an error of `open` after which the next try may succeed. */
  readonly mayRetry: (error: unknown) => boolean;
  readonly pauseMs: number;
};

/** Yields the events after `from` and then new ones until the signal aborts. Reconnects when the connection is lost. */
export async function* followLog(
  { from, streamPrefixes, signal }: Range,
  { open, onLost, mayRetry, pauseMs }: Reconnecting,
): AsyncGenerator<Recorded, void, undefined> {
  let passed = from;
  let isLost = false;
  while (!signal.aborted) {
    let store: OpenStore | null = null;
    try {
      store = await open();
      for await (const item of store.follow(passed, { streamPrefixes, signal })) {
        isLost = false;
        passed = 'idle' in item ? item.head : item.position;
        if (!('idle' in item)) yield item;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StoreUnavailable) && !mayRetry(error)) throw error;
      if (!isLost) onLost(error);
      isLost = true;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    } finally {
      await store?.close();
    }
  }
}
