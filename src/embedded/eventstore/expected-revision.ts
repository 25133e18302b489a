import { type Append, noRevision } from './events.ts';

/** An event of the log, with what a repeated append needs for its answer. */
export type Recorded = { readonly id: string; readonly revision: bigint; readonly position: string };

/** The earlier events that tell a repeated append from a conflicting one. */
export type History = {
  /** Returns at most `count` events of the stream from a revision on, in order. */
  at(stream: string, revision: bigint, count: number): Promise<readonly Recorded[]>;
  /** Returns a recently written event. Like EventStoreDB, it forgets old ids, and all ids at a restart. */
  recent(stream: string, id: string): Recorded | undefined;
};

/**
 * What to do with an append. `repeats`: the last event of an earlier append with the same ids, which gets the same
 * answer.
 */
export type Verdict = 'append' | 'wrong_version' | { readonly repeats: Recorded };

/** Decides what to do with an append to a stream with the last revision `current` (`noRevision` without events). */
export const judge = async (append: Append, current: bigint, history: History): Promise<Verdict> => {
  const { stream, expected, events } = append;
  if (expected === 'stream_exists' && current === noRevision) return 'wrong_version';
  if (expected === 'any' || expected === 'stream_exists') return judgeByRecentIds(append, history);

  const base = expected === 'no_stream' ? noRevision : expected;
  if (base === current) return 'append';
  if (base > current || events.length === 0) return 'wrong_version';
  const recorded = await history.at(stream, base + 1n, events.length);
  const last = recorded.at(-1);
  return last && events.every(({ id }, index) => recorded[index]?.id === id) ? { repeats: last } : 'wrong_version';
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
