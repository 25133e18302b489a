import { createHash } from 'node:crypto';

/**
 * Compares two counts of the same things by their names, in a fixed amount of memory however many names there are: they
 * are counted in groups, so that a difference leads to a group, and a second look at its names finds the one.
 */
export type Census = {
  /** Counts things of a name: more than zero where they are counted first, less where they are counted again. */
  readonly add: (name: string, count: number) => void;
  /** Returns the groups whose two counts differ. */
  readonly unevenGroups: () => readonly number[];
};

/** Counts nothing yet. */
export const createCensus = (): Census => {
  const differences = new Int32Array(groupsMax);
  return {
    add: (name, count) => {
      const group = groupOf(name);
      differences[group] = (differences[group] ?? 0) + count;
    },
    unevenGroups: () => {
      const uneven: number[] = [];
      // A verification asks this once per table, and a callback per group takes ten times as long.
      for (let group = 0; group < groupsMax; group += 1) if (differences[group] !== 0) uneven.push(group);
      return uneven;
    },
  };
};

/** Returns the group of a name. */
export const groupOf = (name: string): number => createHash('md5').update(name).digest().readUInt16BE(0);

/** Returns groups in portions that hold about a hundred thousand of `names` names each. */
export function* portionsOf(groups: readonly number[], names: number): Generator<ReadonlySet<number>> {
  const size = Math.max(1, Math.floor((groupsMax * namesMax) / Math.max(names, 1)));
  for (let first = 0; first < groups.length; first += size) yield new Set(groups.slice(first, first + size));
}

const groupsMax = 65_536;
const namesMax = 100_000;
