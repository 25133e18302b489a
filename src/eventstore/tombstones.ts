import { EventStoreDBClient, eventTypeFilter, START } from '@eventstore/db-client';
import { StoreUnavailable } from './event-store.ts';

type Options = { readonly streamPrefixes: readonly string[]; readonly signal: AbortSignal };

/**
 * Reads which streams with these name prefixes have a tombstone in the log at `url`, until `signal` ends it.
 * `isComplete`: the whole log was read. Throws StoreUnavailable when it cannot be read.
 */
export const readTombstones = async (
  url: string,
  { streamPrefixes, signal }: Options,
): Promise<{ readonly streams: readonly string[]; readonly isComplete: boolean }> => {
  const client = EventStoreDBClient.connectionString(url);
  const filter = eventTypeFilter({ prefixes: ['$streamDeleted'] });
  const subscription = client.subscribeToAll({ fromPosition: START, filter });
  const streams: string[] = [];
  subscription.on('data', ({ event }) => {
    if (event?.type === '$streamDeleted' && streamPrefixes.some((prefix) => event.streamId.startsWith(prefix)))
      streams.push(event.streamId);
  });
  try {
    const isComplete = await new Promise<boolean>((resolve, reject) => {
      // The listeners are never removed: a late error without a listener would end the process.
      subscription.on('caughtUp', () => resolve(true));
      for (const lost of ['error', 'end', 'close'] as const)
        subscription.on(lost, (cause?: unknown) =>
          reject(new StoreUnavailable('The event store does not show its tombstones.', { cause })),
        );
      if (signal.aborted) resolve(false);
      signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    return { streams, isComplete };
  } finally {
    subscription.unsubscribe().catch(() => undefined);
    client.dispose().catch(() => undefined);
  }
};
