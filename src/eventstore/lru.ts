/** A map that forgets what was not used for longest. `weigh` says how much an entry counts against `weightMax`. */
export type Lru<Value> = {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
};

/** Bounded by the number of entries and by their summed weight; the entry set last stays even when it alone is heavier. */
export const createLru = <Value>(
  bounds: { readonly entriesMax: number; readonly weightMax: number },
  weigh: (value: Value) => number,
): Lru<Value> => {
  // A Map iterates in the order of insertion, so the first key is the one that was unused for longest.
  const entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  let weight = 0;

  const remove = (key: string) => {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };

  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value) => {
      remove(key);
      const entry = { value, weight: weigh(value) };
      entries.set(key, entry);
      weight += entry.weight;
      for (const oldest of entries.keys()) {
        if (entries.size <= 1 || (entries.size <= bounds.entriesMax && weight <= bounds.weightMax)) break;
        remove(oldest);
      }
    },
    delete: remove,
    size: () => entries.size,
  };
};
