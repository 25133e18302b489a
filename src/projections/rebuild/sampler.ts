import { createHash, randomUUID } from 'node:crypto';

/** Draws streams while they pass by, each with the same chance however often it does. */
export type Sampler = { readonly add: (stream: string) => void; readonly streams: () => readonly string[] };

/** Keeps `count` streams, or all when there are fewer: those of the lowest hash, with a salt of its own. */
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
      // Thinned out now and then, not each time.
      if (kept.size >= 2 * count) thin();
    },
    streams: () => {
      thin();
      return [...kept.keys()];
    },
  };
};
