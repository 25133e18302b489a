import type { EventStore, Json } from './event-store.ts';

/** What the metadata of streams says: which of them let the store delete events. `isComplete`: all of it was read. */
export type Retention = { readonly limited: readonly string[]; readonly isComplete: boolean };

const limitNames = ['$maxAge', '$maxCount', '$tb'];

/**
 * Reads the metadata of the whole log and of streams with these name prefixes, for at most `timeoutMs`. Throws
 * StoreUnavailable when the store does not let this login read it.
 */
export const readRetention = async (
  store: Pick<EventStore, 'follow'>,
  { streamPrefixes, timeoutMs }: { readonly streamPrefixes: readonly string[]; readonly timeoutMs: number },
): Promise<Retention> => {
  const signal = AbortSignal.timeout(timeoutMs);
  // The metadata of a stream are the events of a stream with two dollar signs before its name.
  const metadataPrefixes = [...streamPrefixes.map((prefix) => `$$${prefix}`), '$$$all'];
  const newest = new Map<string, Readonly<Record<string, Json>>>();
  let isComplete = false;
  for await (const entry of store.follow('start', { streamPrefixes: metadataPrefixes, signal })) {
    if ('idle' in entry) {
      isComplete = true;
      break;
    }
    newest.set(entry.stream.slice(2), entry.data);
  }
  const limited = [...newest].filter(([, data]) => limitNames.some((name) => name in data)).map(([stream]) => stream);
  return { limited, isComplete };
};
