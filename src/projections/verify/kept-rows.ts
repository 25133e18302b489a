import type { PoolClient } from 'pg';
import type { TableChanges } from '../fold/changes.ts';
import { differingRows, keyOf, loadRows, type Row, type Table } from '../tables/rows.ts';
import { createRowsInMemory } from '../tables/rows-in-memory.ts';

/** The rows of one stream in one table, as the events make and change them. */
export type KeptRows = {
  /** Throws MissingRows for a change of a row that no event made. */
  readonly apply: (changes: TableChanges) => Promise<void>;
  /** Returns the rows that are not compared yet. */
  readonly rows: () => Iterable<Row>;
  /** Returns how many rows there are, including the compared ones. */
  readonly count: () => number;
};

/**
 * Keeps rows in memory, and at most about `rowsMax` ended ones. Above that it compares ended rows with Postgres, and of
 * equal rows keeps only the keys. It reads a row back when a later event changes it. A license with a long past so
 * needs little more memory than its open parts.
 */
export const createKeptRows = (db: PoolClient, table: Table, rowsMax = 20_000): KeptRows => {
  const inMemory = createRowsInMemory(table);
  const compared = new Set<string>();
  const end = table.group?.end ?? null;
  // The number of ended rows that differ. A later event changes them, or they are wrong.
  let differingLeft = 0;

  const recall = async (changes: TableChanges): Promise<void> => {
    const needed: Row[] = [];
    for (const { created, changed } of [changes, ...changes.steps]) {
      // The event replaces the whole row.
      for (const key of created.keys()) compared.delete(key);
      for (const [key, row] of changed) if (compared.delete(key)) needed.push(row);
    }
    for (const row of await loadRows(db, table, needed)) inMemory.put(row);
  };

  const compareEnded = async (): Promise<void> => {
    if (end === null || inMemory.rows.size < rowsMax) return;
    const ended = [...inMemory.rows.values()].filter((row) => row[end] !== null);
    // Comparing all differing rows again after each page would take too long.
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
