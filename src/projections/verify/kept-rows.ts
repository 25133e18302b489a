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
 * Keeps rows in memory, at most about `rowsMax` that have ended: of more, those that Postgres holds just so are
 * compared with that, and only their keys are kept. One that a later event changes is read back. So a license with a
 * long past takes no more memory than what is open on it.
 */
export const createKeptRows = (db: PoolClient, table: Table, rowsMax = 20_000): KeptRows => {
  const inMemory = createRowsInMemory(table);
  const compared = new Set<string>();
  const end = table.group?.end ?? null;
  // Rows that have ended and were found to differ: they change later, or are wrong.
  let differingLeft = 0;

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
    if (end === null || inMemory.rows.size < rowsMax) return;
    const ended = [...inMemory.rows.values()].filter((row) => row[end] !== null);
    // Comparing all that differ again after each page would take for ever.
    if (ended.length < Math.max(rowsMax, 2 * differingLeft)) return;
    differingLeft = 0;
    for (let first = 0; first < ended.length; first += pageMax) {
      const page = ended.slice(first, first + pageMax);
      const differing = new Set(await differingRows(db, table, page));
      differingLeft += differing.size;
      for (const row of page) {
        const key = keyOf(table, row);
        if (differing.has(key)) continue;
        inMemory.drop(key);
        compared.add(key);
      }
    }
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
