/** The most data bytes of one append. Like EventStoreDB 24.6, this does not count metadata. */
export const appendBytesMax = 1024 * 1024;

/** The most bytes of one append in total. EventStoreDB can store so many in one record of its log. */
export const appendRecordBytesMax = 16 * 1024 * 1024;

/**
 * The most bytes of the name of a stream or of the type of an event. A stream name is in a B-tree index, where an entry
 * has at most about 2,700 bytes. Earlier releases stored longer types.
 */
export const nameBytesMax = 2_600;

/** An event that a client wants to append. It was checked: the id is a lower-case UUID, the type is not empty. */
export type ProposedEvent = {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

/** Estimates the bytes that an event takes in the log, without its stream name. */
export const recordBytes = ({ type, data, metadata }: ProposedEvent): number =>
  recordOverheadBytes + type.length + data.length + metadata.length;

const recordOverheadBytes = 64;

/** A stored event. 64-bit numbers are decimal text, as in Postgres and the protocol. */
export type StoredEvent = {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** 100-nanosecond ticks since the Unix epoch. */
  readonly createdTicks: string;
};

/** What the client expects of the stream. A number is the revision of its last event. */
export type ExpectedRevision = bigint | 'no_stream' | 'any' | 'stream_exists';

/** One append. Its events are stored all together, or none of them is. */
export type Append = {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly ProposedEvent[];
  /**
   * Deletes the stream instead of appending to it. `events` is then the one event that does it: metadata for `soft`, a
   * tombstone for `tombstone`.
   */
  readonly deletion?: 'soft' | 'tombstone';
  /**
   * Returns true when no caller waits for the answer any longer. Such an append is skipped if it is not written yet.
   */
  readonly isAbandoned: () => boolean;
};

/** The revision of a stream that has no events. */
export const noRevision = -1n;

/** The result of an append. `position`: that of its last event; the end of the log when it had no event. */
export type AppendResult =
  | { readonly outcome: 'written'; readonly revision: bigint; readonly position: string }
  | { readonly outcome: 'wrong_version'; readonly current: bigint }
  | { readonly outcome: 'stream_deleted' }
  | { readonly outcome: 'abandoned' };
