import type { Json } from '../event-store.ts';

/** The entries of a Map, or the elements of a Set as keys without values. */
export type Entries = { readonly keys: readonly Json[]; readonly values: readonly Json[] | null };

type Column = 'keys' | { readonly all: Json } | readonly Json[];
type Written =
  | { readonly keys: readonly Json[]; readonly values?: readonly Json[] }
  | { readonly keys: readonly Json[]; readonly names: readonly string[]; readonly columns: readonly Column[] };

/**
 * Writes entries as text. Values with the same fields are written field by field, which halves text and time. The name
 * of a field is written once. So is a value that all entries share, or that equals the key.
 */
export const writeEntries = ({ keys, values }: Entries): string => {
  if (values === null) return JSON.stringify({ keys } satisfies Written);
  const names = sharedNames(values);
  if (names === null) return JSON.stringify({ keys, values } satisfies Written);
  const columns = names.map((name) =>
    columnOf(
      keys,
      values.map((value) => (isObject(value) ? value[name] : null) ?? null),
    ),
  );
  return JSON.stringify({ keys, names, columns } satisfies Written);
};

/** Reads text of `writeEntries`. Returns entries that equal the written ones. */
export const readEntries = (text: string): Entries => {
  // The checksum of the snapshot proves that this program wrote it.
  const written = JSON.parse(text) as Written;
  const { keys } = written;
  if (!('names' in written)) return { keys, values: written.values ?? null };
  const columns = written.columns.map((column) => cells(column, keys));
  const values = keys.map((_, row) => {
    const value: Record<string, Json> = {};
    for (const [place, name] of written.names.entries()) value[name] = columns[place]?.(row) ?? null;
    return value;
  });
  return { keys, values };
};

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the names of the fields when all values have the same ones in the same order; else null. */
const sharedNames = (values: readonly Json[]): readonly string[] | null => {
  const [first] = values;
  if (!isObject(first)) return null;
  const names = Object.keys(first);
  // An assignment to this name would set the prototype.
  if (names.includes('__proto__')) return null;
  const shared = values.every((value) => isObject(value) && hasExactly(value, names));
  return shared ? names : null;
};

const hasExactly = (value: { readonly [name: string]: Json }, names: readonly string[]): boolean => {
  let place = 0;
  for (const name in value) {
    if (name !== names[place] || value[name] === undefined) return false;
    place += 1;
  }
  return place === names.length;
};

const columnOf = (keys: readonly Json[], column: readonly Json[]): Column => {
  if (column.every((value, row) => value === keys[row])) return 'keys';
  const [first = null] = column;
  const all = isPlain(first) ? column.every((value) => value === first) : column.every(sameTextAs(first));
  return all ? { all: first } : column;
};

const isPlain = (value: Json): boolean => typeof value !== 'object' || value === null;

const sameTextAs = (first: Json): ((value: Json) => boolean) => {
  const text = JSON.stringify(first);
  return (value) => JSON.stringify(value) === text;
};

const cells = (column: Column, keys: readonly Json[]): ((row: number) => Json | undefined) => {
  if (column === 'keys') return (row) => keys[row];
  if (!('all' in column)) return (row) => column[row];
  // Objects of a state are never changed in place, so entries may share one.
  const { all } = column;
  return () => all;
};
