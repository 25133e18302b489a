import { type Append, noRevision } from './events.ts';
import { deletedRevision } from './retention/stream-rules.ts';

/** An event of the log, with what a repeated append needs for its answer. */
export type Recorded = { readonly id: string; readonly revision: bigint; readonly position: string };

/** The end of a stream. `revision`: `noRevision` without events, `deletedRevision` after a tombstone. */
export type Head = { readonly revision: bigint; readonly isSoftDeleted: boolean };

/** The earlier events that tell a repeated append from a conflicting one. */
export type History = {
  /** Returns at most `count` events of the stream from a revision on, in order. */
  at(stream: string, revision: bigint, count: number): Promise<readonly Recorded[]>;
  /** Returns a recently written event. Like EventStoreDB, it forgets old ids, and all ids at a restart. */
  recent(stream: string, id: string): Recorded | undefined;
  /** Returns true when the stream has metadata. */
  hasMetadata(stream: string): Promise<boolean>;
};

/**
 * What to do with an append. `deleted`: the stream takes no events. `repeats`: the last event of an earlier append with
 * the same ids, which gets the same answer.
 */
export type Verdict = 'append' | 'wrong_version' | 'deleted' | { readonly repeats: Recorded };

/** Decides what to do with an append to a stream. */
export const judge = async (append: Append, head: Head, history: History): Promise<Verdict> => {
  const { stream, expected, events } = append;
  if (head.revision === deletedRevision) return 'deleted';
  if (expected === 'stream_exists') {
    if (head.isSoftDeleted) return 'deleted';
    // A stream with nothing but metadata exists.
    if (head.revision === noRevision && !(await history.hasMetadata(stream))) return 'wrong_version';
  }
  if (expected === 'any' || expected === 'stream_exists') return judgeByRecentIds(append, history);

  const base = expected === 'no_stream' ? noRevision : expected;
  if (base === head.revision) return 'append';
  if (base > head.revision || events.length === 0) return 'wrong_version';
  const recorded = await history.at(stream, base + 1n, events.length);
  const last = recorded.at(-1);
  if (last && events.every(({ id }, index) => recorded[index]?.id === id)) return { repeats: last };
  // A softly deleted stream is one that does not exist, except for a repeated append.
  const isCreated = expected === 'no_stream' && head.isSoftDeleted && recorded[0]?.id !== events[0]?.id;
  return isCreated ? 'append' : 'wrong_version';
};

/**
 * Only an append that repeats all ids is a repetition. One that repeats only its first ids is a mistake of the caller.
 */
const judgeByRecentIds = ({ stream, events }: Append, history: History): Verdict => {
  let last: Recorded | undefined;
  for (const [index, { id }] of events.entries()) {
    const recorded = history.recent(stream, id);
    if (!recorded) return index === 0 ? 'append' : 'wrong_version';
    last = recorded;
  }
  return last ? { repeats: last } : 'append';
};
