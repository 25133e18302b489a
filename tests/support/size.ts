/** Returns the size of a heavy test: `full` in `npm run test:long`, else `short` or a twentieth, with the same code. */
export const sized = (full: number, short = Math.max(1, Math.ceil(full / 20))): number =>
  process.env.LEDGER_TEST_SIZE === 'full' ? full : short;

/** Returns all of a list in `npm run test:long`, else every `step`th, from the first. */
export const sampled = <Item>(all: readonly Item[], step: number): Item[] =>
  all.filter((_, index) => index % sized(1, step) === 0);
