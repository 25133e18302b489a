import { createHash, randomUUID } from 'node:crypto';

/** Draws streams at random while they pass by. Every stream has the same chance, however often it passes by. */
export type Sampler = { readonly add: (stream: string) => void; readonly streams: () => readonly string[] };

/** Keeps the `count` streams with the lowest salted hash, or all when there are fewer. */
export const createSampler = (count: number, salt: string = randomUUID()): Sampler => {
  let kept = new Map<string, string>();
  let bound = 'g';
  const thin = () => {
    kept = new Map([...kept].sort(([, a], [, b]) => (a < b ? -1 : 1)).slice(0, count));
    bound = kept.size < count ? 'g' : ([...kept.values()].at(-1) ?? bound);
  };
  return {
    add: (stream) => {
      if (kept.has(stream)) return;
      const hash = createHash('md5').update(salt).update(stream).digest('hex');
      if (hash >= bound) return;
      kept.set(stream, hash);
      // Sorting at every addition would be slow.
      if (kept.size >= 2 * count) thin();
    },
    streams: () => {
      thin();
      return [...kept.keys()];
    },
  };
};
