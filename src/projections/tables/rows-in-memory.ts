import type { TableChanges } from '../fold/changes.ts';
import { keyOf, MissingRows, type Row, type Table } from './rows.ts';
import { groupOf, type Sweep } from './sweep.ts';

/** The rows of one table in memory, for a comparison with those of Postgres. */
export type RowsInMemory = {
  /** By key as `keyOf` writes it. */
  readonly rows: ReadonlyMap<string, Row>;
  /**
   * Changes the rows as `writeChanges` of tables.ts changes those of Postgres. Returns the keys of the changed rows.
   * Throws MissingRows for a change of a row that no event made.
   */
  readonly apply: (changes: TableChanges) => ReadonlySet<string>;
  /** Adds a whole row, or replaces the row with its key. */
  readonly put: (row: Row) => void;
  /** Removes a row that has ended. */
  readonly drop: (key: string) => void;
};

/** Creates an empty table in memory. */
export const createRowsInMemory = (table: Table): RowsInMemory => {
  const rows = new Map<string, Row>();
  // Keys of open rows by group, so that a sweep costs as much as it changes.
  const open = new Map<string, Set<string>>();
  const { by = [], end = null } = table.group ?? {};

  const put = (key: string, row: Row): void => {
    rows.set(key, row);
    if (table.group === undefined) return;
    const group = groupKey(by, row);
    const keys = open.get(group) ?? new Set();
    if (end === null || row[end] === null) keys.add(key);
    else keys.delete(key);
    if (keys.size > 0) open.set(group, keys);
    else open.delete(group);
  };

  const sweepOver = ({ group, product, oldest, set }: Sweep): readonly string[] => {
    const fitting = [...(open.get(groupKey(groupOf(table).by, group)) ?? [])].filter(
      (key) => product === null || rows.get(key)?.product === product,
    );
    const age = (key: string): number => Number(rows.get(key)?.revision);
    const swept = oldest === null ? fitting : fitting.toSorted((a, b) => age(a) - age(b)).slice(0, oldest);
    for (const key of swept) put(key, { ...rows.get(key), ...set });
    return swept;
  };

  return {
    rows,
    put: (row) => put(keyOf(table, row), row),
    drop: (key) => rows.delete(key),
    apply: (changes) => {
      const touched = new Set<string>();
      const note = (key: string, row: Row): void => {
        put(key, row);
        touched.add(key);
      };
      for (const { created, changed, ...step } of [changes, ...changes.steps]) {
        if ('sweeps' in step) for (const sweep of step.sweeps) for (const key of sweepOver(sweep)) touched.add(key);
        for (const [key, row] of created) note(key, row);
        for (const [key, row] of changed) {
          const before = rows.get(key);
          if (before === undefined)
            throw new MissingRows(`An event changes the row ${keyOf(table, row)} of ${table.name}, which none made.`);
          note(key, { ...before, ...row });
        }
      }
      return touched;
    },
  };
};

const groupKey = (by: readonly string[], row: Row): string => by.map((column) => String(row[column])).join('/');
