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
export const createLru = <Value>(bounds: Bounds, weigh: (value: Value) => number): Lru<Value> => {
  const half = { entriesMax: bounds.entriesMax, weightMax: bounds.weightMax / 2 };
  const [light, heavy] = [createShelf<Value>(half), createShelf<Value>(half)];
  return {
    get: (key) => light.get(key) ?? heavy.get(key),
    set: (key, value) => {
      const weight = weigh(value);
      const [shelf, other] = weight > bounds.weightMax / heavyShare ? [heavy, light] : [light, heavy];
      // An entry changes its shelf as it grows.
      other.delete(key);
      shelf.set(key, value, weight);
    },
    delete: (key) => {
      light.delete(key);
      heavy.delete(key);
    },
    size: () => light.size() + heavy.size(),
  };
};

const heavyShare = 8;

const createShelf = <Value>({ entriesMax, weightMax }: Bounds) => {
  // A Map iterates in the order of insertion, so the first key is the one that was unused for longest.
  const entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  let weight = 0;

  const remove = (key: string) => {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };

  return {
    get: (key: string): Value | undefined => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key: string, value: Value, its: number) => {
      remove(key);
      entries.set(key, { value, weight: its });
      weight += its;
      for (const oldest of entries.keys()) {
        if (entries.size <= 1 || (entries.size <= entriesMax && weight <= weightMax)) break;
        remove(oldest);
      }
    },
    delete: remove,
    size: () => entries.size,
  };
};
