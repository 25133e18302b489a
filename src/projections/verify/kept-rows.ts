import type { PoolClient } from 'pg';
import type { TableChanges } from '../fold/changes.ts';
import { differingRows, keyOf, loadRows, type Row, type Table } from '../tables/rows.ts';
import { createRowsInMemory } from '../tables/rows-in-memory.ts';

/** The rows of one stream in one table, as its events make and change them. */
export type KeptRows = {
  /** Throws MissingRows for a change of a row that no event made. */
  readonly apply: (changes: TableChanges) => Promise<void>;
  /** The rows that are still to be compared. */
  readonly rows: () => Iterable<Row>;
  /** How many rows there are, those that were compared included. */
  readonly count: () => number;
};

/**
 * Keeps rows in memory, at most about `rowsMax` that have ended: of more, those that Postgres holds just so are compared
 * with that, and only their keys are kept. One that a later event changes is read back. So a license with a long past takes
 * no more memory than what is open on it.
 */
export const createKeptRows = (db: PoolClient, table: Table, rowsMax = 20_000): KeptRows => {
  const inMemory = createRowsInMemory(table);
  const compared = new Set<string>();
  const end = table.group?.end ?? null;
  let compareFrom = rowsMax;

  const recall = async (changes: TableChanges): Promise<void> => {
    const needed: Row[] = [];
    for (const { made, changed } of [changes, ...changes.steps]) {
      // It is made anew, whole.
      for (const key of made.keys()) compared.delete(key);
      for (const [key, row] of changed) if (compared.delete(key)) needed.push(row);
    }
    for (const row of await loadRows(db, table, needed)) inMemory.put(row);
  };

  const compareEnded = async (): Promise<void> => {
    if (end === null || inMemory.rows.size < compareFrom) return;
    const ended = [...inMemory.rows.values()].filter((row) => row[end] !== null);
    for (let first = 0; first < ended.length; first += pageMax) {
      const page = ended.slice(first, first + pageMax);
      const differing = new Set(await differingRows(db, table, page));
      for (const row of page) {
        const key = keyOf(table, row);
        if (differing.has(key)) continue;
        inMemory.drop(key);
        compared.add(key);
      }
    }
    // What is left changes later, or is wrong: comparing it again after each page would take for ever.
    compareFrom = Math.max(rowsMax, 2 * inMemory.rows.size);
  };

  return {
    rows: () => inMemory.rows.values(),
    count: () => inMemory.rows.size + compared.size,
    apply: async (changes) => {
      if (compared.size > 0) await recall(changes);
      inMemory.apply(changes);
      await compareEnded();
    },
  };
};

const pageMax = 1_000;
