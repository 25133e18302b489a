import type { FoldedCatalog } from '../tables/catalogs.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import type { FoldedOrganization } from '../tables/organizations.ts';
import { keyOf, type Row, type Table } from '../tables/rows.ts';
import type { Sweep } from '../tables/sweep.ts';

/**
 * What events change. The streams as they are after them, by id: the rows of `licenses`, `organizations` and `catalogs` are
 * made of these. And per table what the events do to the rows of every other table. `changedRows` of tables.ts brings both
 * into one form, from which rows are written, compared and rebuilt.
 */
export type Changes = {
  readonly licenses: Map<string, FoldedLicense>;
  readonly organizations: Map<string, FoldedOrganization>;
  readonly catalogs: Map<string, FoldedCatalog>;
  readonly rows: Map<Table, TableChanges>;
};

/**
 * What events do to one table, by key as `keyOf` writes it. `made`: whole rows, each in place of the one of that key, if
 * there was one. `changed`: of rows from before, the key and those columns that change. No key is in both.
 */
export type RowChanges = { readonly made: Map<string, Row>; readonly changed: Map<string, Row> };

/**
 * What events do to one table: rows first, then `steps` in their order. A sweep sees all that its stream did before it,
 * and nothing that its stream does after it. Streams do not share rows, so the first sweeps of all streams are one
 * step.
 */
export type TableChanges = RowChanges & {
  readonly steps: Step[];
  /** By stream, how many steps it has part in; a stream that is missing has part in none. */
  readonly swept: Map<string, number>;
};

/** Sweeps of different streams, then what these streams do to single rows until their next sweep. */
export type Step = RowChanges & { readonly sweeps: Sweep[] };

/** What one event does: it makes a row, changes columns of a row that there is, or sweeps over the rows of a group. */
export type Write = { readonly table: Table } & (
  | { readonly kind: 'make' | 'change'; readonly row: Row }
  | { readonly kind: 'sweep'; readonly sweep: Sweep }
);

/** What an empty batch changes. */
export const noChanges = (): Changes => ({
  licenses: new Map(),
  organizations: new Map(),
  catalogs: new Map(),
  rows: new Map(),
});

/** No row of a table. */
export const noRows = (): TableChanges => ({ made: new Map(), changed: new Map(), steps: [], swept: new Map() });

/** A row as it is from now on. */
export const make = (table: Table, row: Row): Write => ({ table, kind: 'make', row });

/** A change of a row that there is: its key, and the columns that change. */
export const change = (table: Table, row: Row): Write => ({ table, kind: 'change', row });

/** A change of many rows that there are. */
export const sweep = (table: Table, changes: Sweep): Write => ({ table, kind: 'sweep', sweep: changes });

/** Adds the writes of an event of `stream`, in order, to what was changed before it. Never throws. */
export const addWrites = (rows: Map<Table, TableChanges>, stream: string, writes: readonly Write[]): void => {
  for (const write of writes) {
    const changes = changesOf(rows, write.table);
    const swept = changes.swept.get(stream) ?? 0;
    if (write.kind === 'sweep') {
      stepAt(changes.steps, swept).sweeps.push(write.sweep);
      changes.swept.set(stream, swept + 1);
    } else addRow(changes.steps[swept - 1] ?? changes, write);
  }
};

const addRow = (
  { made, changed }: RowChanges,
  { table, kind, row }: Extract<Write, { readonly kind: 'make' | 'change' }>,
): void => {
  const key = keyOf(table, row);
  const whole = made.get(key);
  if (kind === 'make') {
    changed.delete(key);
    made.set(key, row);
  } else if (whole !== undefined) made.set(key, { ...whole, ...row });
  else changed.set(key, { ...changed.get(key), ...row });
};

const changesOf = (rows: Map<Table, TableChanges>, table: Table): TableChanges => {
  const known = rows.get(table);
  if (known !== undefined) return known;
  const fresh = noRows();
  rows.set(table, fresh);
  return fresh;
};

const stepAt = (steps: Step[], index: number): Step => {
  const known = steps[index];
  if (known !== undefined) return known;
  const fresh: Step = { sweeps: [], made: new Map(), changed: new Map() };
  steps.push(fresh);
  return fresh;
};
