export type BoundedCache<Value> = {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  clear(): void;
};

/**
 * Remembers at least the `entriesMax` keys used last and at most twice as many. Two generations instead of a linked list:
 * when the young one is full it becomes the old one, and what nobody asked for meanwhile is forgotten at once.
 */
export const boundedCache = <Value>(entriesMax: number): BoundedCache<Value> => {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();

  const set = (key: string, value: Value) => {
    young.set(key, value);
    if (young.size < entriesMax) return;
    old = young;
    young = new Map();
  };

  return {
    set,
    get: (key) => {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged !== undefined) set(key, aged);
      return aged;
    },
    clear: () => {
      young = new Map();
      old = new Map();
    },
  };
};
