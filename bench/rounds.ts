/**
 * Measures the rate of each variant once per round, in turn, so that a slow minute of the machine affects all of them.
 * Returns the highest rate of each variant.
 */
export const interleaved = async <Name extends string>(
  rounds: number,
  variants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, number>>> => {
  const names = Object.keys(variants) as Name[];
  const best = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) best[name] = Math.max(best[name], await variants[name]());
  }
  return best;
};

/** Calls `once` `count` times, `inFlight` calls at a time. Returns calls per second. */
export const rateOf = async (
  count: number,
  inFlight: number,
  once: (index: number) => Promise<unknown>,
): Promise<number> => {
  let next = 0;
  const callInTurn = async () => {
    while (next < count) await once(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, callInTurn));
  return (count / (performance.now() - startedAt)) * 1_000;
};
