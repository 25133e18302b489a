import { LRUCache } from 'lru-cache';

/** A map with a bound, which evicts the least recently used entries first. */
export type Lru<Value> = {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
};

type Bounds = { readonly entriesMax: number; readonly weightMax: number };

/**
 * Creates a map with at most `entriesMax` entries and a total weight of at most `weightMax`; `weigh` returns the weight
 * of an entry. Entries heavier than an eighth of `weightMax` share one half of it: they evict one another and never a
 * light entry. The heavy entry that was set last always stays.
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
      // An entry that has grown may belong on the other shelf now.
      other.delete(key);
      // The cache refuses an entry above its bound. With the bound as its size, it evicts all others and stays.
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
