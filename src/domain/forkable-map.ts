/**
 * A map with the iteration order of `Map` that is forked without copying. Fork and origin share one table and go their own
 * ways: neither sees a change of the other, and whichever is dropped is garbage, changes included. Nothing has to be merged
 * or given up.
 *
 * The table is as the fork sees it that was used last. For another fork to be used, the changes between the two are taken
 * back or done again, so taking turns costs as much as the changes in between. Until its first fork a map is a plain `Map`,
 * because long streams are folded without one; that fork links the entries, once. Do not change a map while iterating over it.
 *
 * A class, against the rule: a license has a dozen of these, and there are thousands of licenses.
 */
export class ForkableMap<Key, Value> {
  /** The entries of a map that was never forked; null: it was, or it never had any, as most maps of most licenses. */
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
      this.#version = newest(linked(this.#own));
      this.#own = null;
    }
    fork.#version = this.#version;
    return fork;
  }

  get size(): number {
    return this.#own !== null ? this.#own.size : (this.#current()?.table.links.size ?? 0);
  }

  get(key: Key): Value | undefined {
    return this.#own !== null ? this.#own.get(key) : this.#current()?.table.links.get(key)?.value;
  }

  has(key: Key): boolean {
    return this.#own !== null ? this.#own.has(key) : this.#current()?.table.links.has(key) === true;
  }

  /** Sets the value of a key. A new key comes last; a known one keeps its place. */
  set(key: Key, value: Value): void {
    const version = this.#current();
    if (version === null) {
      this.#own ??= new Map();
      this.#own.set(key, value);
      return;
    }
    const { table } = version;
    const known = table.links.get(key);
    if (known === undefined) {
      const link = { key, value, previous: table.last, next: null };
      insert(table, link);
      this.#version = changed(version, 'remove', link);
      return;
    }
    this.#version = changed(version, 'assign', known, known.value);
    known.value = value;
  }

  /** Sets the value of a key and makes it the last one, also where it is known. */
  setLast(key: Key, value: Value): void {
    this.delete(key);
    this.set(key, value);
  }

  /** Removes a key; set again, it comes last. Returns false when there is no such key. */
  delete(key: Key): boolean {
    if (this.#own !== null) return this.#own.delete(key);
    const version = this.#current();
    const link = version?.table.links.get(key);
    if (version === null || link === undefined) return false;
    remove(version.table, link);
    this.#version = changed(version, 'insert', link);
    return true;
  }

  /** Returns the entry that is first in order; undefined when there is none. */
  first(): readonly [Key, Value] | undefined {
    const { value } = this.entries().next();
    return value === undefined ? undefined : value;
  }

  entries(): Iterator<readonly [Key, Value], undefined> & Iterable<readonly [Key, Value]> {
    return this.#own !== null ? this.#own.entries() : this.#linkedEntries();
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

  *#linkedEntries(): Generator<readonly [Key, Value], undefined> {
    for (let link = this.#current()?.table.first ?? null; link !== null; link = link.next) {
      yield [link.key, link.value];
      // Another fork may have been used since.
      this.#current();
    }
  }

  /** Returns how this fork sees the table, which is as it sees it from now on; null when there is none. */
  #current(): Version<Key, Value> | null {
    if (this.#version !== null && this.#version.next !== null) makeCurrent(this.#version);
    return this.#version;
  }
}

/** What all forks share, as the one sees it that was used last: a hash table whose entries are linked in their order. */
type Table<Key, Value> = {
  readonly links: Map<Key, Link<Key, Value>>;
  first: Link<Key, Value> | null;
  last: Link<Key, Value> | null;
};

/** A removed link keeps its neighbours, and is put back in reverse order only: then they are its neighbours again. */
type Link<Key, Value> = {
  readonly key: Key;
  value: Value;
  previous: Link<Key, Value> | null;
  next: Link<Key, Value> | null;
};

/** How a fork sees the table. `undo` of `link` makes of the table as `next` sees it the table as this version sees it. */
type Version<Key, Value> = {
  readonly table: Table<Key, Value>;
  /** Null: the table is as this version sees it. */
  next: Version<Key, Value> | null;
  undo: Undo;
  link: Link<Key, Value> | null;
  value: Value | undefined;
};
type Undo = 'insert' | 'remove' | 'assign';

const linked = <Key, Value>(entries: Map<Key, Value>): Table<Key, Value> => {
  const table: Table<Key, Value> = { links: new Map(), first: null, last: null };
  for (const [key, value] of entries) insert(table, { key, value, previous: table.last, next: null });
  return table;
};

const newest = <Key, Value>(table: Table<Key, Value>): Version<Key, Value> => ({
  table,
  next: null,
  undo: 'assign',
  link: null,
  value: undefined,
});

// Forks at the version before lead to the new one, by what takes the change back. The new one leads nowhere, so a version
// that no fork is at, or leads to, is garbage.
const changed = <Key, Value>(
  older: Version<Key, Value>,
  undo: Undo,
  link: Link<Key, Value>,
  value?: Value,
): Version<Key, Value> => {
  const newer = newest(older.table);
  older.next = newer;
  older.undo = undo;
  older.link = link;
  older.value = value;
  return newer;
};

const makeCurrent = <Key, Value>(version: Version<Key, Value>): void => {
  let newest: Version<Key, Value> | null = null;
  for (let each: Version<Key, Value> | null = version; each !== null; ) {
    const next: Version<Key, Value> | null = each.next;
    each.next = newest;
    newest = each;
    each = next;
  }
  for (let newer = newest; newer !== null && newer.next !== null; newer = newer.next) takeBack(newer, newer.next);
};

const takeBack = <Key, Value>(newer: Version<Key, Value>, older: Version<Key, Value>): void => {
  const { table, undo, link, value } = older;
  older.link = null;
  older.value = undefined;
  if (link === null) return;
  newer.link = link;
  switch (undo) {
    case 'insert':
      newer.undo = 'remove';
      insert(table, link);
      return;
    case 'remove':
      newer.undo = 'insert';
      remove(table, link);
      return;
    case 'assign':
      newer.undo = 'assign';
      newer.value = link.value;
      // Only of a version by `set`, which gave it the value before.
      link.value = value as Value;
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
