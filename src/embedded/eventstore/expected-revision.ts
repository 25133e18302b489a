import { type Append, noRevision } from './events.ts';

/** An event that is in the log already, found by its stream and revision or by its stream and id. */
export type Recorded = { readonly id: string; readonly revision: bigint; readonly position: string };

/** What has to be looked up to tell a repeated append from a conflicting one. */
export type History = {
  /** The events of the stream from a revision on, in order, at most `count`. */
  at(stream: string, revision: bigint, count: number): Promise<readonly Recorded[]>;
  /** Best effort, as in production: forgets old ids, and everything at a restart. */
  recent(stream: string, id: string): Recorded | undefined;
};

/** `repeats` names the last event of the earlier append with the same ids: the answer it got is given again. */
export type Verdict = 'append' | 'wrong_version' | { readonly repeats: Recorded };

/** Decides what an append may do to a stream whose last revision is `current` (`noRevision` when it has no events). */
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

/** An append that repeats some of its first ids but not all is a mistake of the caller, never half a success. */
const judgeByRecentIds = ({ stream, events }: Append, history: History): Verdict => {
  let last: Recorded | undefined;
  for (const [index, { id }] of events.entries()) {
    const recorded = history.recent(stream, id);
    if (!recorded) return index === 0 ? 'append' : 'wrong_version';
    last = recorded;
  }
  return last ? { repeats: last } : 'append';
};
