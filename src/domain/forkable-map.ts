/**
 * A map with the iteration order of `Map` that forks without copying: `fork()` takes the same time for any size. Fork
 * and origin share one table, but neither sees a change of the other. A fork that is no longer used is garbage, with
 * its changes; nothing has to be merged or released.
 *
 * The shared table always has the content of the fork that was used last. Using another fork undoes and redoes the
 * changes between the two, so alternating costs as much as these changes. Do not change a map while iterating over
 * it, except by deleting the current entry.
 *
 * This is a class, against the rule: a license has a dozen of these maps, and there are thousands of licenses.
 */
export class ForkableMap<Key, Value extends NonNullable<unknown> | null> {
  /**
   * The entries of a map that was never forked; null: it was forked or never had an entry, as most maps of a license.
   */
  #own: Map<Key, Value> | null = null;
  #version: Version<Key, Value> | null = null;

  constructor(entries?: Iterable<readonly [Key, Value]>) {
    if (entries !== undefined) for (const [key, value] of entries) this.set(key, value);
  }

  /** Returns an independent map with the same content. */
  fork(): ForkableMap<Key, Value> {
    const fork = new ForkableMap<Key, Value>();
    if (this.size === 0) return fork;
    if (this.#own !== null) {
      this.#version = newest({ base: this.#own, gone: 0, links: new Map(), first: null, last: null });
      this.#own = null;
    }
    fork.#version = this.#version;
    return fork;
  }

  get size(): number {
    if (this.#own !== null) return this.#own.size;
    const table = this.#current()?.table;
    return table === undefined ? 0 : table.base.size - table.gone + table.links.size;
  }

  get(key: Key): Value | undefined {
    if (this.#own !== null) return this.#own.get(key);
    const table = this.#current()?.table;
    const inBase = table?.base.get(key);
    return inBase === undefined || inBase === gone ? table?.links.get(key)?.value : inBase;
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  /** Sets the value of a key. A new key comes last; a known key keeps its place. */
  set(key: Key, value: Value): void {
    const version = this.#current();
    if (version === null) {
      this.#own ??= new Map();
      this.#own.set(key, value);
      return;
    }
    const { table } = version;
    const inBase = table.base.get(key);
    if (inBase !== undefined && inBase !== gone) {
      table.base.set(key, value);
      this.#version = changed(version, { does: 'exchange', key, value: inBase });
      return;
    }
    const known = table.links.get(key);
    if (known === undefined) {
      const link = { key, value, previous: table.last, next: null };
      insert(table, link);
      this.#version = changed(version, { does: 'remove', link });
      return;
    }
    this.#version = changed(version, { does: 'assign', link: known, value: known.value });
    known.value = value;
  }

  /** Sets the value of a key and makes it the last entry, also when the key is known. */
  setLast(key: Key, value: Value): void {
    this.delete(key);
    this.set(key, value);
  }

  /** Deletes a key. Set again, it comes last. Returns false when there is no such key. */
  delete(key: Key): boolean {
    if (this.#own !== null) return this.#own.delete(key);
    const version = this.#current();
    if (version === null) return false;
    const { table } = version;
    const inBase = table.base.get(key);
    if (inBase !== undefined && inBase !== gone) {
      table.base.set(key, gone);
      table.gone += 1;
      this.#version = changed(version, { does: 'exchange', key, value: inBase });
      return true;
    }
    const link = table.links.get(key);
    if (link === undefined) return false;
    remove(table, link);
    this.#version = changed(version, { does: 'insert', link });
    return true;
  }

  entries(): Iterator<readonly [Key, Value], undefined> & Iterable<readonly [Key, Value]> {
    return this.#own !== null ? this.#own.entries() : this.#sharedEntries();
  }

  *keys(): Generator<Key, void> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value, void> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Iterator<readonly [Key, Value], undefined> {
    return this.entries();
  }

  // The caller may use another fork between two entries. Then this fork restores its table before it reads the next
  // entry.
  *#sharedEntries(): Generator<readonly [Key, Value], undefined> {
    const table = this.#current()?.table;
    if (table === undefined) return;
    for (const [key, value] of table.base) {
      if (value === gone) continue;
      yield [key, value];
      this.#current();
    }
    for (let link = table.first; link !== null; link = link.next) {
      yield [link.key, link.value];
      this.#current();
    }
  }

  /** Restores the content of this fork in the table and returns its version; null when the map has no table. */
  #current(): Version<Key, Value> | null {
    if (this.#version !== null && this.#version.next !== null) makeCurrent(this.#version);
    return this.#version;
  }
}

/** The data that all forks share, with the content of the fork that was used last. */
type Table<Key, Value> = {
  /** The entries at the first fork. Deleted keys stay, so that undoing puts them back in their place. */
  readonly base: Map<Key, Value | typeof gone>;
  /** How many keys of the base are deleted. */
  gone: number;
  /** The entries that were added since, linked in their order after the base. */
  readonly links: Map<Key, Link<Key, Value>>;
  first: Link<Key, Value> | null;
  last: Link<Key, Value> | null;
};

const gone = Symbol('gone');

/** A removed link keeps its neighbours. Undoing goes in reverse order, so they are its neighbours again. */
type Link<Key, Value> = {
  readonly key: Key;
  value: Value;
  previous: Link<Key, Value> | null;
  next: Link<Key, Value> | null;
};

/** A version of the table's content. `undo` turns the content of `next` into the content of this version. */
type Version<Key, Value> = {
  readonly table: Table<Key, Value>;
  /** Null: the table has the content of this version. */
  next: Version<Key, Value> | null;
  undo: Step<Key, Value> | null;
};

type Step<Key, Value> =
  | { readonly does: 'insert' | 'remove'; readonly link: Link<Key, Value> }
  | { readonly does: 'assign'; readonly link: Link<Key, Value>; readonly value: Value }
  /** Exchanges a value of the base. */
  | { readonly does: 'exchange'; readonly key: Key; readonly value: Value | typeof gone };

const newest = <Key, Value>(table: Table<Key, Value>): Version<Key, Value> => ({ table, next: null, undo: null });

// The older version points to the newer one and has the step that undoes the change. The newer version points to
// none, so a version that no fork refers to is garbage.
const changed = <Key, Value>(older: Version<Key, Value>, undo: Step<Key, Value>): Version<Key, Value> => {
  const newer = newest(older.table);
  older.next = newer;
  older.undo = undo;
  return newer;
};

const makeCurrent = <Key, Value>(version: Version<Key, Value>): void => {
  let newest: Version<Key, Value> | null = null;
  for (let current: Version<Key, Value> | null = version; current !== null; ) {
    const next: Version<Key, Value> | null = current.next;
    current.next = newest;
    newest = current;
    current = next;
  }
  for (let newer = newest; newer !== null && newer.next !== null; newer = newer.next) {
    const older = newer.next;
    newer.undo = older.undo === null ? null : takeStep(older.table, older.undo);
    older.undo = null;
  }
};

/** Applies a step and returns the step that undoes it. */
const takeStep = <Key, Value>(table: Table<Key, Value>, step: Step<Key, Value>): Step<Key, Value> => {
  switch (step.does) {
    case 'insert':
      insert(table, step.link);
      return { does: 'remove', link: step.link };
    case 'remove':
      remove(table, step.link);
      return { does: 'insert', link: step.link };
    case 'assign': {
      const { link } = step;
      const { value } = link;
      link.value = step.value;
      return { does: 'assign', link, value };
    }
    case 'exchange': {
      const { key } = step;
      const current = table.base.get(key);
      const value = current === undefined ? gone : current;
      table.base.set(key, step.value);
      table.gone += (step.value === gone ? 1 : 0) - (value === gone ? 1 : 0);
      return { does: 'exchange', key, value };
    }
  }
};

const insert = <Key, Value>(table: Table<Key, Value>, link: Link<Key, Value>): void => {
  table.links.set(link.key, link);
  if (link.previous === null) table.first = link;
  else link.previous.next = link;
  if (link.next === null) table.last = link;
  else link.next.previous = link;
};

const remove = <Key, Value>(table: Table<Key, Value>, link: Link<Key, Value>): void => {
  table.links.delete(link.key);
  if (link.previous === null) table.first = link.next;
  else link.previous.next = link.next;
  if (link.next === null) table.last = link.previous;
  else link.next.previous = link.previous;
};
