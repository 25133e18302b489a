/** Sum of the data bytes of one append, as EventStoreDB 24.6 counts them: metadata is not part of it. */
export const appendBytesMax = 1024 * 1024;

/** Everything one append may bring, which is what production can hold in one record of its log. */
export const appendRecordBytesMax = 16 * 1024 * 1024;

/** An event as a client proposes it, already checked: id is a lower-case UUID, type is not empty. */
export type ProposedEvent = {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

/** About what an event takes in the log, its stream name aside. */
export const recordBytes = ({ type, data, metadata }: ProposedEvent): number =>
  recordOverheadBytes + type.length + data.length + metadata.length;

const recordOverheadBytes = 64;

/** An event as it lies in the log. 64-bit numbers are decimal text, which is what both Postgres and the protocol want. */
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

/** What the client believes about the stream; a number is the revision of its last event. */
export type ExpectedRevision = bigint | 'no_stream' | 'any' | 'stream_exists';

/** One append: all of its events or none, next to each other in the log. */
export type Append = {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly ProposedEvent[];
  /** True once nobody waits for the answer any more; such an append is left out if it is not yet being written. */
  readonly isAbandoned: () => boolean;
};

/** The revision of a stream that has no events. */
export const noRevision = -1n;

/** What became of an append. `position` is that of its last event, undefined when it had none. */
export type AppendResult =
  | { readonly outcome: 'written'; readonly revision: bigint; readonly position: string | undefined }
  | { readonly outcome: 'wrong_version'; readonly current: bigint }
  | { readonly outcome: 'abandoned' };
