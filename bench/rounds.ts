/**
 * Measures each of `variants` once per round, in turn, so that a noisy minute hits all of them; returns each one's best.
 * Rates only: higher is better.
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

/** `count` calls of `once`, `inFlight` of them at a time; returns calls per second. */
export const rateOf = async (
  count: number,
  inFlight: number,
  once: (index: number) => Promise<unknown>,
): Promise<number> => {
  let next = 0;
  const lane = async () => {
    while (next < count) await once(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (count / (performance.now() - startedAt)) * 1_000;
};
