import type { FoldedCatalog } from '../tables/catalogs.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import type { FoldedOrganization } from '../tables/organizations.ts';
import { type ColumnType, keyOf, type Row, type Table } from '../tables/rows.ts';
import type { Sweep } from '../tables/sweep.ts';

/**
 * What events change. `licenses`, `organizations` and `catalogs` are the states of the streams after them, by id, from
 * which the rows of those three tables are made. `rows` has what the events do to the rows of every other table.
 * `changedRows` of tables.ts brings both into one form, which is used to write, compare and rebuild rows.
 */
export type Changes = {
  readonly licenses: Map<string, FoldedLicense>;
  readonly organizations: Map<string, FoldedOrganization>;
  readonly catalogs: Map<string, FoldedCatalog>;
  readonly rows: Map<Table, TableChanges>;
};

/**
 * What events do to one table, by key as `keyOf` writes it. `created`: whole rows, which replace a row with the same
 * key. `changed`: the key and the changed columns of existing rows. No key is in both.
 */
export type RowChanges = { readonly created: Map<string, Row>; readonly changed: Map<string, Row> };

/**
 * What events do to one table: first the rows, then `steps` in their order. A sweep sees everything that its stream did
 * before it, and nothing that its stream does after it. Streams share no rows, so the first sweeps of all streams are
 * one step.
 */
export type TableChanges = RowChanges & {
  readonly steps: Step[];
  /** The number of sweeps of each stream. A missing stream has none. */
  readonly swept: Map<string, number>;
};

/** Sweeps of different streams, and then what these streams do to single rows until their next sweep. */
export type Step = RowChanges & { readonly sweeps: Sweep[] };

/** What one event does: it makes a row, changes columns of an existing row, or sweeps over the rows of a group. */
export type Write = { readonly table: Table } & (
  | { readonly kind: 'make' | 'change'; readonly row: Row }
  | { readonly kind: 'sweep'; readonly sweep: Sweep }
);

/** Returns the changes of an empty batch. */
export const noChanges = (): Changes => ({
  licenses: new Map(),
  organizations: new Map(),
  catalogs: new Map(),
  rows: new Map(),
});

/** Returns no changes of a table. */
export const noRows = (): TableChanges => ({ created: new Map(), changed: new Map(), steps: [], swept: new Map() });

/** Returns the write of a whole row. */
export const make = (table: Table, row: Row): Write => ({ table, kind: 'make', row });

/** Returns the change of an existing row, given by its key and the changed columns. */
export const change = <Name extends string>(
  table: Table & { readonly columns: Readonly<Record<Name, ColumnType>> },
  row: { readonly [Column in Name]?: unknown },
): Write => ({ table, kind: 'change', row });

/** Returns the change of many existing rows. */
export const sweep = (table: Table, changes: Sweep): Write => ({ table, kind: 'sweep', sweep: changes });

/** Adds the writes of an event of `stream`, in order, to the earlier changes. Never throws. */
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
  { created, changed }: RowChanges,
  { table, kind, row }: Extract<Write, { readonly kind: 'make' | 'change' }>,
): void => {
  const key = keyOf(table, row);
  const whole = created.get(key);
  if (kind === 'make') {
    changed.delete(key);
    created.set(key, row);
  } else if (whole !== undefined) created.set(key, { ...whole, ...row });
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
  const fresh: Step = { sweeps: [], created: new Map(), changed: new Map() };
  steps.push(fresh);
  return fresh;
};
