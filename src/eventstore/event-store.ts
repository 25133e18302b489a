/**
 * The place of an event in the whole log: opaque, ordered, with gaps. Positions of different servers cannot be
 * compared.
 */
export type Position = { readonly commit: bigint; readonly prepare: bigint };

/** A JSON object as stored: strings, safe integers, booleans, null, arrays, objects. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** An event that is about to be appended. `id` is a UUID derived from the decision, so that a resend repeats it. */
export type Proposed = {
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** A stored event, as a read returns it. */
export type Recorded = Proposed & { readonly stream: string; readonly revision: bigint; readonly position: Position };

/**
 * Returned by `follow` when no event has come for a while. Every event up to `head` was delivered or filtered out, so a
 * checkpoint may advance to `head`. `isEnd`: the log had no further event. Otherwise, later events may still match.
 */
export type Idle = { readonly idle: true; readonly head: Position; readonly isEnd: boolean };

/** The revision of a stream's last event, or `no_stream` when it has no event. */
export type Revision = bigint | 'no_stream';

/** The log. Reading an unknown stream returns no events; it is not an error. */
export type EventStore = {
  /**
   * Reads a stream from revision `from` (inclusive, default 0) to its end, oldest first, at most `eventsMax` events.
   * `revision` is that of the last event read. Without any event it is `from - 1`, or `no_stream` when `from` is 0.
   */
  read(stream: string, from?: bigint, eventsMax?: number): Promise<{ events: readonly Recorded[]; revision: Revision }>;
  /**
   * Reads at most `eventsMax` events of a stream backwards, newest first, from revision `from` (inclusive) or its end.
   * Returns an empty list when the stream has no event there.
   */
  readBackwards(stream: string, from: bigint | 'end', eventsMax: number): Promise<readonly Recorded[]>;
  /**
   * Appends all events atomically at the expected revision. Throws RevisionConflict (nothing was appended),
   * AppendTooLarge (nothing was or will be appended), StoreUnavailable (nothing was appended; StoreFull when the disk
   * is full) or OutcomeUnknown (the events may be stored: repeat with the same ids at the same revision to get the
   * first result).
   */
  append(
    stream: string,
    events: readonly Proposed[],
    expected: Revision,
    options: { timeoutMs: number },
  ): Promise<{ revision: bigint; position: Position }>;
  /**
   * Returns every event after `from` (exclusive) of streams with one of these name prefixes, in log order, and then new
   * events as they come. Throws StoreUnavailable when the connection drops, ends or falls silent. The caller then
   * follows again from the last event that it has handled.
   */
  follow(
    from: Position | 'start',
    options: { streamPrefixes: readonly string[]; signal: AbortSignal },
  ): AsyncIterable<Recorded | Idle>;
  /** Returns the position of the last event of the log, or null when the log is empty. */
  head(options: { timeoutMs: number }): Promise<Position | null>;
};

/** The events are larger than the store accepts in one append; nothing was appended. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge';
}

/** The stream is not at the expected revision; nothing was appended. */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
}

/** The store did not answer in time or the connection was lost: the append may or may not have happened. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** The store could not be reached or refused to answer; the failed call changed nothing. */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/** The disk of the store is full; the failed append changed nothing. */
export class StoreFull extends StoreUnavailable {
  override readonly name = 'StoreFull';
}
