/** Place of an event in the whole log: opaque, ordered, with gaps. Never compared between servers. */
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

/** An event as read back. */
export type Recorded = Proposed & { readonly stream: string; readonly revision: bigint; readonly position: Position };

/**
 * Said by `follow` when it is live and nothing has come for a while: everything up to `head` was delivered or filtered
 * out, so that a checkpoint may advance to it.
 */
export type Idle = { readonly idle: true; readonly head: Position };

/** The stream's last revision, or that it has no event. */
export type Revision = bigint | 'no_stream';

/** The log. An unknown stream is empty, not an error. */
export type EventStore = {
  /**
   * Reads a stream from revision `from` (inclusive, default 0) to its end, oldest first, or the first `eventsMax` of that.
   * `revision` is that of the last event read; when there is none, the one before `from`, or that the stream has no event.
   */
  read(stream: string, from?: bigint, eventsMax?: number): Promise<{ events: readonly Recorded[]; revision: Revision }>;
  /**
   * Reads at most `eventsMax` events of a stream backwards, the newest first, from revision `from` (inclusive) or its
   * end. Returns none when the stream has no event there.
   */
  readBackwards(stream: string, from: bigint | 'end', eventsMax: number): Promise<readonly Recorded[]>;
  /**
   * Appends all events atomically at the expected revision. Throws RevisionConflict (nothing appended) or
   * OutcomeUnknown (it may have been: repeat with the same ids at the same revision, which answers with the first
   * result), or AppendTooLarge (nothing appended, now or later).
   */
  append(
    stream: string,
    events: readonly Proposed[],
    expected: Revision,
    options: { timeoutMs: number },
  ): Promise<{ revision: bigint; position: Position }>;
  /**
   * Every event after `from` (exclusive) whose stream name has one of the prefixes, in log order, then live. Ends with an
   * error whenever the connection drops, ends or falls silent; the caller resumes from what it has handled.
   */
  follow(
    from: Position | 'start',
    options: { streamPrefixes: readonly string[]; signal: AbortSignal },
  ): AsyncIterable<Recorded | Idle>;
  /** The position of the last event of the log, or null when it is empty. */
  head(options: { timeoutMs: number }): Promise<Position | null>;
};

/** The events are larger than what the store takes in one append; nothing was appended. */
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

/** The store could not be reached or refused to answer; nothing was changed by the call that failed. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
