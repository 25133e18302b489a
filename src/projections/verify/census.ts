import { createHash } from 'node:crypto';

/**
 * Compares two counts of the same things by their names, in a fixed amount of memory for any number of names. It counts
 * by groups of names. The caller then compares the names of a group with a difference.
 */
export type Census = {
  /** Counts things of a name: with a positive count in the first counting, with a negative one in the second. */
  readonly add: (name: string, count: number) => void;
  /** Returns the groups with two different counts. */
  readonly unevenGroups: () => readonly number[];
};

/** Creates an empty census. */
export const createCensus = (): Census => {
  const differences = new Int32Array(groupsMax);
  return {
    add: (name, count) => {
      const group = groupOf(name);
      differences[group] = (differences[group] ?? 0) + count;
    },
    unevenGroups: () => {
      const uneven: number[] = [];
      // A verification calls this once per table. A callback per group would take ten times as long.
      for (let group = 0; group < groupsMax; group += 1) if (differences[group] !== 0) uneven.push(group);
      return uneven;
    },
  };
};

/** Returns the group of a name. */
export const groupOf = (name: string): number => createHash('md5').update(name).digest().readUInt16BE(0);

/** Yields groups in portions with about a hundred thousand of all `names` names each. */
export function* portionsOf(groups: readonly number[], names: number): Generator<ReadonlySet<number>> {
  const size = Math.max(1, Math.floor((groupsMax * namesMax) / Math.max(names, 1)));
  for (let first = 0; first < groups.length; first += size) yield new Set(groups.slice(first, first + size));
}

const groupsMax = 65_536;
const namesMax = 100_000;
