import type { FoldedCatalog } from '../tables/catalogs.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import type { FoldedOrganization } from '../tables/organizations.ts';
import { keyOf, type Row, type Table } from '../tables/rows.ts';

/**
 * What events change. The streams as they are after them, by id: the rows of `licenses`, `organizations` and `catalogs` are
 * made of these. And per table what the events do to the rows of every other table. `changedRows` of tables.ts brings both
 * into one form, from which rows are written, compared and rebuilt.
 */
export type Changes = {
  readonly licenses: Map<string, FoldedLicense>;
  readonly organizations: Map<string, FoldedOrganization>;
  readonly catalogs: Map<string, FoldedCatalog>;
  readonly rows: Map<Table, RowChanges>;
};

/**
 * What events do to one table, by key as `keyOf` writes it. `made`: whole rows, each in place of the one of that key, if
 * there was one. `changed`: of rows from before, the key and those columns that change. No key is in both.
 */
export type RowChanges = { readonly made: Map<string, Row>; readonly changed: Map<string, Row> };

/** What one event does to a row: it makes it whole, or changes these columns of the row that there is. */
export type Write = { readonly table: Table; readonly kind: 'make' | 'change'; readonly row: Row };

/** What an empty batch changes. */
export const noChanges = (): Changes => ({
  licenses: new Map(),
  organizations: new Map(),
  catalogs: new Map(),
  rows: new Map(),
});

/** No row of a table. */
export const noRows = (): RowChanges => ({ made: new Map(), changed: new Map() });

/** A row as it is from now on. */
export const make = (table: Table, row: Row): Write => ({ table, kind: 'make', row });

/** A change of a row that there is: its key, and the columns that change. */
export const change = (table: Table, row: Row): Write => ({ table, kind: 'change', row });

/** Brings the writes of an event, in order, into what was changed before it. Never throws. */
export const addWrites = (rows: Map<Table, RowChanges>, writes: readonly Write[]): void => {
  for (const { table, kind, row } of writes) {
    const { made, changed } = rowsOf(rows, table);
    const key = keyOf(table, row);
    const whole = made.get(key);
    if (kind === 'make') {
      changed.delete(key);
      made.set(key, row);
    } else if (whole !== undefined) made.set(key, { ...whole, ...row });
    else changed.set(key, { ...changed.get(key), ...row });
  }
};

const rowsOf = (rows: Map<Table, RowChanges>, table: Table): RowChanges => {
  const known = rows.get(table);
  if (known !== undefined) return known;
  const fresh = noRows();
  rows.set(table, fresh);
  return fresh;
};
