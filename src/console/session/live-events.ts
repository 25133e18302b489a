import { useEffect, useEffectEvent, useState } from 'react';
import type { CloudEvent } from '../types.ts';
import { followStream, isPassing, type StreamMessage, type StreamState } from './event-stream.ts';
import { useOrganizationId } from './ledger.ts';
import { useSession } from './session-context.tsx';

/** How long to wait after a failure that ends by itself, in milliseconds. */
const againMs = 5_000;

/** Whether the page gets news: `paused` while the tab is hidden, `ended` when the server refuses them. */
export type LiveState = StreamState | 'paused' | 'ended';

/**
 * Follows the feed of the organization while the page is open and its tab is visible. `onBegin`: from here on no event is
 * missed; what was read before may lack some. `types`: only these, with commas between them. `license`:
 * only its events.
 */
export const useLiveEvents = ({
  types,
  license,
  isEnabled,
  onBegin,
  onEvents,
}: {
  readonly types?: string | undefined;
  readonly license?: string | undefined;
  readonly isEnabled: boolean;
  readonly onBegin: () => void;
  readonly onEvents: (events: readonly CloudEvent[]) => void;
}): LiveState => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const [state, setState] = useState<LiveState>('connecting');
  const begin = useEffectEvent(onBegin);
  const receive = useEffectEvent((messages: readonly StreamMessage[]) => {
    const events = messages.flatMap(({ data }) => (data === '' ? [] : [JSON.parse(data) as CloudEvent]));
    if (events.length > 0) onEvents(events);
  });
  useEffect(() => {
    if (!isEnabled) return;
    const filter = { ...(types === undefined ? {} : { types }), ...(license === undefined ? {} : { license }) };
    let cursor: string | null = null;
    let stop = new AbortController();
    /** Returns the place of the newest event. */
    const newest = async (signal: AbortSignal): Promise<string> => {
      const query = { ...filter, order: 'desc' as const, limit: 1 };
      const { data } = await session.call(organizationId, 'listEvents', { query }, { signal });
      begin();
      return data.nextCursor;
    };
    const follow = async (signal: AbortSignal): Promise<void> => {
      cursor ??= await newest(signal);
      await followStream({
        open: (after, until) =>
          session.stream(
            organizationId,
            `/v1/events/stream?${new URLSearchParams({ ...filter, cursor: after })}`,
            until,
          ),
        from: cursor,
        onMessages: (messages, next) => {
          cursor = next;
          receive(messages);
        },
        onState: setState,
        signal,
        pause: pauseFor,
      });
    };
    const start = () => {
      stop = new AbortController();
      const { signal } = stop;
      setState('connecting');
      follow(signal).catch(async (error: unknown) => {
        if (isPassing(error)) await pauseFor(againMs, signal);
        if (signal.aborted) return;
        if (isPassing(error)) start();
        else setState('ended');
      });
    };
    // A hidden tab needs no news. It continues after the last event.
    const change = () => {
      stop.abort();
      if (document.hidden) setState('paused');
      else start();
    };
    change();
    document.addEventListener('visibilitychange', change);
    return () => {
      document.removeEventListener('visibilitychange', change);
      stop.abort();
    };
  }, [session, organizationId, types, license, isEnabled]);
  return state;
};

const pauseFor = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
