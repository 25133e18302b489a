/** A source of chance: the same seed draws the same, on any machine. */
export type Chance = {
  /** A whole number from 0 to `below` - 1. */
  readonly below: (below: number) => number;
  readonly one: <Item>(items: readonly [Item, ...Item[]]) => Item;
  /** True in about `percent` of 100 draws. */
  readonly percent: (percent: number) => boolean;
};

/** Chance from a 32-bit seed (mulberry32). */
export const chanceOf = (seed: number): Chance => {
  let state = seed | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
  return {
    below,
    one: (items) => items[below(items.length)] ?? items[0],
    percent: (percent) => below(100) < percent,
  };
};

/** The seed of a run: `LEDGER_SEED` where it is set, so that a run can be repeated, else a fresh one. */
export const runSeed = (): number => {
  const given = Number(process.env.LEDGER_SEED);
  return Number.isSafeInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2_000_000_000);
};

/** One of a list. Throws where it is empty. */
export const oneOf = <Item>(items: readonly Item[], chance: Chance): Item => {
  const item = items[chance.below(items.length)];
  if (item === undefined) throw new Error('There is nothing to choose from.');
  return item;
};
