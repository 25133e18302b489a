/** The bounds of what a process remembers of one kind until it is written. */
export type EntryBounds = { readonly processMax: number; readonly tenantMax: number };

/** Entries by their keys. Each belongs to a tenant, and each tenant has a bound besides that of the process. */
export type BoundedEntries<Entry> = {
  readonly get: (key: string) => Entry | undefined;
  /** Adds an entry with a new key. Drops it and calls `onDropped` when a bound is reached. */
  readonly add: (tenant: string, key: string, entry: Entry) => void;
  /** Removes all entries and returns them. */
  readonly takeAll: () => Entry[];
};

/** Creates an empty collection. */
export const createBoundedEntries = <Entry>(
  { processMax, tenantMax }: EntryBounds,
  onDropped: () => void,
): BoundedEntries<Entry> => {
  let entries = new Map<string, Entry>();
  let countByTenant = new Map<string, number>();
  return {
    get: (key) => entries.get(key),
    add: (tenant, key, entry) => {
      const count = countByTenant.get(tenant) ?? 0;
      if (entries.size >= processMax || count >= tenantMax) return onDropped();
      countByTenant.set(tenant, count + 1);
      entries.set(key, entry);
    },
    takeAll: () => {
      const taken = [...entries.values()];
      entries = new Map();
      countByTenant = new Map();
      return taken;
    },
  };
};
