import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';

/**
 * A table of the read models, each column with its type. `name` has no schema, because the search path of the
 * connection selects the version.
 */
export type Table = {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, ColumnType>>;
  /**
   * Columns that two machines may fill with different values from the same events. Each has the SQL condition of such
   * rows, in which `$` stands for the row. These values are not compared.
   */
  readonly unlike?: Readonly<Record<string, string>>;
  /** Set when one event may change many rows without naming them; see sweep.ts. */
  readonly group?: Group;
  /**
   * Set when the worker removes rows that are older than `keptDays` days by the column `by`. Their number is not
   * compared, and a row of about that age or more may be missing.
   */
  readonly purged?: { readonly by: string; readonly keptDays: number };
};

/**
 * Rows with the same values in `by` are a group. A row is open while its `end` is null. Without `end` every row is
 * open.
 */
export type Group = { readonly by: readonly string[]; readonly end: string | null };

export type ColumnType =
  | 'text'
  | 'text[]'
  | 'uuid'
  | 'integer'
  | 'bigint'
  | 'boolean'
  | 'timestamptz'
  | 'bytea'
  | 'jsonb';

/** A row as Postgres reads it from JSON: instants and big numbers as text, bytes as `\x…`. */
export type Row = { readonly [column: string]: unknown };

/** Adds any number of rows in one statement. Throws when one exists already. */
export const insertRows = async (db: PoolClient, table: Table, rows: readonly Row[]): Promise<void> => {
  if (rows.length === 0) return;
  await db.query({ name: `insert ${table.name}`, text: insertOf(table), values: [encodeRows(columnsOf(table), rows)] });
};

/** Adds any number of rows in one statement. Replaces a row when its key exists. */
export const upsertRows = async (db: PoolClient, table: Table, rows: readonly Row[]): Promise<void> => {
  if (rows.length === 0) return;
  const others = columnsOf(table).filter((column) => !table.key.includes(column));
  const changes = others.map((column) => `${column} = excluded.${column}`);
  const text = `${insertOf(table)} on conflict (${table.key}) do update set ${changes}`;
  await db.query({ name: `upsert ${table.name}`, text, values: [encodeRows(columnsOf(table), rows)] });
};

/** Sets some columns of any number of existing rows in one statement. Throws MissingRows when one does not exist. */
export const updateRows = async (
  db: PoolClient,
  table: Table,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> => {
  if (rows.length === 0) return;
  const changes = columns.map((column) => `${column} = changed.${column}`);
  // The name identifies the list of columns by a hash, because the list may exceed the 63 characters of a name.
  const named = createHash('sha256').update(columns.join()).digest('base64url').slice(0, 16);
  const { rowCount } = await db.query({
    name: `update ${table.name} ${named}`,
    text: `update ${table.name} stored set ${changes} from (${decodeRows(table, [...table.key, ...columns])}) changed
      where ${table.key.map((column) => `stored.${column} = changed.${column}`).join(' and ')}`,
    values: [encodeRows([...table.key, ...columns], rows)],
  });
  if (rowCount !== rows.length) {
    const keys = rows.map((row) => keyOf(table, row)).join(', ');
    throw new MissingRows(`Of these rows of ${table.name}, only ${rowCount} exist: ${keys}.`);
  }
};

/** An event changes a row that no event made. */
export class MissingRows extends Error {
  override readonly name = 'MissingRows';
}

/** No row can be made of the state that an event led to. */
export class UnmakeableRow extends Error {
  override readonly name = 'UnmakeableRow';
}

/**
 * Returns the keys, as `a/b`, of expected rows that are missing in the table or differ there, in the order of `rows`.
 */
export const differingRows = async (db: PoolClient, table: Table, rows: readonly Row[]): Promise<readonly string[]> => {
  if (rows.length === 0) return [];
  const columns = columnsOf(table);
  const { rows: differing } = await db.query<{ key: string }>({
    name: `compare ${table.name}`,
    text: `select ${keyText(table, 'expected')} as key
      from (${decodeRows(table, columns)}) expected left join ${table.name} actual using (${table.key})
      where row(${comparableColumns(table, 'actual')}) is distinct from row(${comparableColumns(table, 'expected')})
        ${unlessPurged(table)}
      order by expected.place`,
    values: [encodeRows(columns, rows)],
  });
  return differing.map(({ key }) => key);
};

/** Returns the whole rows with these keys. */
export const loadRows = async (db: PoolClient, table: Table, keys: readonly Row[]): Promise<readonly Row[]> => {
  if (keys.length === 0) return [];
  const { rows } = await db.query<{ row: Row }>({
    name: `load ${table.name}`,
    text: `select to_jsonb(stored) as row from ${table.name} stored
      join (${decodeRows(table, table.key)}) keys using (${table.key})`,
    values: [encodeRows(table.key, keys)],
  });
  return rows.map(({ row }) => row);
};

/** Returns SQL for the columns of a row, with null for a value that another machine may fill differently. */
export const comparableColumns = (table: Table, relation = table.name): readonly string[] =>
  columnsOf(table).map((column) => {
    const isUnlike = table.unlike?.[column];
    return isUnlike === undefined
      ? `${relation}.${column}`
      : `case when not (${isUnlike.replaceAll('$', `${relation}.`)}) then ${relation}.${column} end`;
  });

/**
 * Yields pages of how many rows belong to each owner, whom `ownerColumn` names: of these owners, or of all. Reads the
 * table once. Needs a transaction.
 */
export async function* countByOwner(
  db: PoolClient,
  table: Table,
  ownerColumn: string,
  owners?: readonly string[],
): AsyncGenerator<readonly (readonly [owner: string, count: number])[]> {
  const condition = owners === undefined ? '' : `where ${ownerColumn} = any($1)`;
  await db.query(
    `declare owners cursor for select ${ownerColumn}, count(*)::integer from ${table.name} ${condition} group by 1`,
    owners === undefined ? [] : [owners],
  );
  for (;;) {
    const { rows } = await db.query<[string, number]>({ text: 'fetch 10000 from owners', rowMode: 'array' });
    if (rows.length > 0) yield rows;
    else break;
  }
  await db.query('close owners');
}

/** Returns the key of a row as `a/b`. */
export const keyOf = (table: Table, row: Row): string => table.key.map((column) => String(row[column])).join('/');

/**
 * Returns these columns of rows as the parameter that `decodeRows` reads. Of all forms in which Postgres takes many
 * rows, a JSON array of arrays costs it least.
 */
export const encodeRows = (columns: readonly string[], rows: readonly Row[]): string =>
  JSON.stringify(rows.map((row) => columns.map((column) => row[column])));

/** Returns a query of these columns of the rows in the parameter `$1`, and of their `place` in it. */
export const decodeRows = (table: Table, columns: readonly string[]): string => {
  const values = columns.map((column, index) => `${valueAt(index, table.columns[column])} as ${column}`);
  return `select ${values}, place from jsonb_array_elements($1::jsonb) with ordinality as _(r, place)`;
};

const valueAt = (index: number, type: ColumnType | undefined): string => {
  if (type === 'jsonb') return `r->${index}`;
  if (type === 'text[]')
    return `case when r->${index} <> 'null' then array(select jsonb_array_elements_text(r->${index})) end`;
  return `(r->>${index})::${type}`;
};

const columnsOf = (table: Table): readonly string[] => Object.keys(table.columns);

const insertOf = (table: Table): string =>
  `insert into ${table.name} (${columnsOf(table)}) select ${columnsOf(table)} from (${decodeRows(table, columnsOf(table))}) decoded`;

// The worker may have removed the row. A day less, because it may be doing that now.
const unlessPurged = ({ key: [first], purged }: Table): string =>
  purged === undefined
    ? ''
    : `and (actual.${first} is not null or expected.${purged.by} > now() - interval '${purged.keptDays - 1} days')`;

const keyText = ({ key }: Table, relation: string): string =>
  `concat_ws('/', ${key.map((column) => `${relation}.${column}`)})`;
