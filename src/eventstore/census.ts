import { createHash } from 'node:crypto';
import type { Recorded } from './event-store.ts';

/**
 * Counts the events of streams twice, as the log has them and as the streams themselves have them, in a fixed amount of
 * memory: streams are counted in groups.
 */
export type Census = {
  readonly inLog: (recorded: Recorded) => void;
  readonly inStream: (stream: string, events: number) => void;
  readonly groupOf: (stream: string) => number;
  /** Returns the groups whose two counts differ. */
  readonly unevenGroups: () => readonly number[];
};

/** Counts nothing yet. */
export const createCensus = (): Census => {
  // What the log has more than the streams.
  const differences = new Int32Array(groupsMax);
  const add = (stream: string, count: number) => {
    const group = groupOf(stream);
    differences[group] = (differences[group] ?? 0) + count;
  };
  return {
    inLog: ({ stream }) => add(stream, 1),
    inStream: (stream, events) => add(stream, -events),
    groupOf,
    unevenGroups: () => [...differences.keys()].filter((group) => differences[group] !== 0),
  };
};

/** How many groups there are. */
export const groupsMax = 65_536;

const groupOf = (stream: string): number => createHash('md5').update(stream).digest().readUInt16BE(0);
