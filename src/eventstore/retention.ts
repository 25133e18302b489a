import { logStream } from './copy/log-state.ts';
import type { EventStore, Json } from './event-store.ts';
import { readTombstones } from './tombstones.ts';

/**
 * What threatens the events of our streams. `limited`: the store may delete or hide events ($maxAge, $maxCount, $tb).
 * `closed`: an access list ($acl) says who may read or write; `$settings` stands for the lists that every stream has by
 * default. `tombstoned`: the stream is deleted for ever. `isComplete`: the whole log was read.
 */
export type Retention = {
  readonly limited: readonly string[];
  readonly closed: readonly string[];
  readonly tombstoned: readonly string[];
  readonly isComplete: boolean;
};

type Options = {
  readonly streamPrefixes: readonly string[];
  /** How long to read at most. */
  readonly timeoutMs: number;
  /** Ends the reading early. */
  readonly signal?: AbortSignal;
};

const limitNames = ['$maxAge', '$maxCount', '$tb'];
const listNames = ['$acl', '$userStreamAcl'];

/**
 * Reads the metadata of the whole log and of our streams, the settings of the store, and the tombstones of our streams.
 * Ours have one of these name prefixes or the name `ledger-log`. Throws StoreUnavailable when the store does not let this
 * login read them.
 */
export const readRetention = async (
  store: Pick<EventStore, 'follow'>,
  url: string,
  options: Options,
): Promise<Retention> => {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const streamPrefixes = [...options.streamPrefixes, logStream];
  const [metadata, tombstones] = await Promise.all([
    readMetadata(store, streamPrefixes, signal),
    readTombstones(url, { streamPrefixes, signal }),
  ]);
  // A filter has only prefixes, and other streams may begin with this name.
  const isOurs = (stream: string) => !stream.startsWith(logStream) || stream === logStream;
  const streamsWith = (names: readonly string[]) =>
    [...metadata.newest]
      .filter(([stream, data]) => isOurs(stream) && names.some((name) => hasValue(data[name])))
      .map(([stream]) => stream);
  return {
    limited: streamsWith(limitNames),
    closed: streamsWith(listNames),
    tombstoned: tombstones.streams.filter(isOurs),
    isComplete: metadata.isComplete && tombstones.isComplete,
  };
};

/** Returns the newest metadata by the name of the stream, and the newest settings as those of `$settings`. */
const readMetadata = async (
  store: Pick<EventStore, 'follow'>,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<{
  readonly newest: ReadonlyMap<string, Readonly<Record<string, Json>>>;
  readonly isComplete: boolean;
}> => {
  // The metadata of a stream are the events of a stream with two dollar signs before its name.
  const streamPrefixes = [...prefixes.map((prefix) => `$$${prefix}`), '$$$all', '$settings'];
  const newest = new Map<string, Readonly<Record<string, Json>>>();
  for await (const entry of store.follow('start', { streamPrefixes, signal })) {
    if (!('idle' in entry))
      newest.set(entry.stream.startsWith('$$') ? entry.stream.slice(2) : entry.stream, entry.data);
    else if (entry.isEnd) return { newest, isComplete: true };
  }
  return { newest, isComplete: false };
};

/** An empty list restricts nothing. */
const hasValue = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);
