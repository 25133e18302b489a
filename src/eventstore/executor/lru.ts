import { LRUCache } from 'lru-cache';

/** A map that forgets what was not used for longest. `weigh` says how much an entry counts against `weightMax`. */
export type Lru<Value> = {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
};

type Bounds = { readonly entriesMax: number; readonly weightMax: number };

/**
 * Bounded by the number of entries and by their summed weight. Entries heavier than an eighth of `weightMax` have half
 * of it to themselves: they evict one another and never a light entry. The heavy entry that was set last stays, however
 * heavy.
 */
export const createLru = <Value extends {}>(
  { entriesMax, weightMax }: Bounds,
  weigh: (value: Value) => number,
): Lru<Value> => {
  const shelfMax = Math.floor(weightMax / 2);
  const createShelf = () => new LRUCache<string, Value>({ max: entriesMax, maxSize: shelfMax });
  const [light, heavy] = [createShelf(), createShelf()];
  return {
    get: (key) => light.get(key) ?? heavy.get(key),
    set: (key, value) => {
      const weight = weigh(value);
      const [shelf, other] = weight > weightMax / heavyShare ? [heavy, light] : [light, heavy];
      // An entry changes its shelf as it grows.
      other.delete(key);
      // The cache refuses an entry above its bound; one that counts as the whole bound evicts all others and stays.
      shelf.set(key, value, { size: Math.min(Math.max(1, Math.ceil(weight)), shelfMax) });
    },
    delete: (key) => {
      light.delete(key);
      heavy.delete(key);
    },
    size: () => light.size + heavy.size,
  };
};

const heavyShare = 8;
