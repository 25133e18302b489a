/**
 * A map with the iteration order of `Map` that is forked without copying: `fork()` takes the same time whatever the size.
 * Fork and origin share one table and go their own ways: neither sees a change of the other, and whichever is dropped is
 * garbage, changes included. Nothing has to be merged or given up.
 *
 * The table is as the fork sees it that was used last. For another fork to be used, the changes between the two are taken
 * back or done again, so taking turns costs as much as the changes in between. Do not change a map while iterating over it.
 *
 * A class, against the rule: a license has a dozen of these, and there are thousands of licenses.
 */
export class ForkableMap<Key, Value> {
  readonly #table: Table<Key, Value>;
  #version: Version<Key, Value>;

  constructor(origin: Iterable<readonly [Key, Value]> | ForkableMap<Key, Value> = []) {
    if (origin instanceof ForkableMap) {
      this.#table = origin.#table;
      this.#version = origin.#version;
      this.#table.isForked = true;
      return;
    }
    this.#table = { links: new Map(), first: null, last: null, isForked: false };
    this.#version = current();
    for (const [key, value] of origin) this.set(key, value);
  }

  /** Returns an independent map with the same content. */
  fork(): ForkableMap<Key, Value> {
    return new ForkableMap(this);
  }

  get size(): number {
    return this.#current().links.size;
  }

  get(key: Key): Value | undefined {
    return this.#current().links.get(key)?.value;
  }

  has(key: Key): boolean {
    return this.#current().links.has(key);
  }

  /** Sets the value of a key. A new key comes last; a known one keeps its place. */
  set(key: Key, value: Value): void {
    const table = this.#current();
    const known = table.links.get(key);
    if (known === undefined) {
      const link = { key, value, previous: table.last, next: null };
      insert(table, link);
      if (table.isForked) this.#changed('remove', link);
      return;
    }
    const before = known.value;
    known.value = value;
    if (table.isForked) this.#changed('assign', known, before);
  }

  /** Removes a key; set again, it comes last. Returns false when there is no such key. */
  delete(key: Key): boolean {
    const table = this.#current();
    const link = table.links.get(key);
    if (link === undefined) return false;
    remove(table, link);
    if (table.isForked) this.#changed('insert', link);
    return true;
  }

  /** Returns the entry that is first in order; undefined when there is none. */
  first(): readonly [Key, Value] | undefined {
    const { first } = this.#current();
    return first === null ? undefined : [first.key, first.value];
  }

  *entries(): Generator<readonly [Key, Value], void> {
    for (let link = this.#current().first; link !== null; link = this.#after(link)) yield [link.key, link.value];
  }

  *keys(): Generator<Key, void> {
    for (let link = this.#current().first; link !== null; link = this.#after(link)) yield link.key;
  }

  *values(): Generator<Value, void> {
    for (let link = this.#current().first; link !== null; link = this.#after(link)) yield link.value;
  }

  [Symbol.iterator](): Generator<readonly [Key, Value], void> {
    return this.entries();
  }

  #current(): Table<Key, Value> {
    if (this.#version.next !== null) makeCurrent(this.#table, this.#version);
    return this.#table;
  }

  // Another fork may have been used since the last step.
  #after(link: Link<Key, Value>): Link<Key, Value> | null {
    this.#current();
    return link.next;
  }

  // Forks of the version that was current now lead to the new one, by what takes the change back. The new one leads nowhere,
  // so a version that no fork stands at is garbage.
  #changed(undo: Undo, link: Link<Key, Value>, value?: Value): void {
    const newer = current<Key, Value>();
    const older = this.#version;
    older.next = newer;
    older.undo = undo;
    older.link = link;
    older.value = value;
    this.#version = newer;
  }
}

/** What all forks share, as the one sees it that was used last: a hash table whose entries are linked in their order. */
type Table<Key, Value> = {
  readonly links: Map<Key, Link<Key, Value>>;
  first: Link<Key, Value> | null;
  last: Link<Key, Value> | null;
  /** Whether changes must be taken back some time. */
  isForked: boolean;
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
  /** Null: the table is as this version sees it. */
  next: Version<Key, Value> | null;
  undo: Undo;
  link: Link<Key, Value> | null;
  value: Value | undefined;
};
type Undo = 'insert' | 'remove' | 'assign';

const current = <Key, Value>(): Version<Key, Value> => ({ next: null, undo: 'assign', link: null, value: undefined });

const makeCurrent = <Key, Value>(table: Table<Key, Value>, version: Version<Key, Value>): void => {
  let newest: Version<Key, Value> | null = null;
  for (let each: Version<Key, Value> | null = version; each !== null; ) {
    const next: Version<Key, Value> | null = each.next;
    each.next = newest;
    newest = each;
    each = next;
  }
  for (let newer = newest; newer !== null && newer.next !== null; newer = newer.next)
    takeBack(table, newer, newer.next);
};

const takeBack = <Key, Value>(
  table: Table<Key, Value>,
  newer: Version<Key, Value>,
  older: Version<Key, Value>,
): void => {
  const { undo, link, value } = older;
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
