import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Group, Row, Table } from './rows.ts';

/**
 * What one event does to any number of open rows of a group. Postgres selects the rows, so that nobody loads or names
 * them. `revision` of a table with a group is that of the event that made the row, and orders rows by age.
 */
export type Sweep = {
  /** The values of the group's columns. */
  readonly group: Row;
  /** Only rows of this product change. Null: rows with any product or without one. */
  readonly product: string | null;
  /** Only this many of the oldest rows change. Null: all rows. */
  readonly oldest: number | null;
  readonly set: Row;
  /** How many rows change, as far as the license counts them. Default: few. */
  readonly rows?: number;
};

/** Carries out sweeps. Each must be of another group. */
export type Sweeper = (db: PoolClient, table: Table, sweeps: readonly Sweep[]) => Promise<void>;

/** Carries out sweeps, with one statement for all sweeps of the same form. */
export const sweepRows: Sweeper = async (db, table, sweeps) => {
  const forms = new Map<string, Sweep[]>();
  for (const sweep of sweeps) {
    const form = `${Object.keys(sweep.set)} ${sweep.oldest === null}`;
    const alike = forms.get(form);
    if (alike === undefined) forms.set(form, [sweep]);
    else alike.push(sweep);
  }
  for (const alike of forms.values()) await sweepAlike(db, table, alike);
};

/** Returns the columns that group the rows of a table for sweeps. Throws for a table without groups. */
export const groupOf = ({ name, group }: Table): Group => {
  if (group === undefined) throw new Error(`Events name the rows of ${name} that they change.`);
  return group;
};

/**
 * Carries out sweeps of very many rows in pages. Pauses after each page for as long as it took, to leave time for other
 * transactions. Nobody else may change the rows meanwhile. Throws once the signal is aborted.
 */
export const sweepInPages =
  (signal: AbortSignal): Sweeper =>
  async (db, table, sweeps) => {
    for (const { group, product, oldest, set } of sweeps) {
      const { by, end } = groupOf(table);
      const inGroup = (first: number) => by.map((column, index) => `${column} = $${first + index}`);
      const keys = by.map((column) => group[column]);
      const ofProduct = 'product' in table.columns && product !== null ? [product] : [];
      const conditions = [
        ...inGroup(1),
        ...(end === null ? [] : [`${end} is null`]),
        ...ofProduct.map(() => `product = $${keys.length + 1}`),
      ].join(' and ');
      const order = oldest === null ? '' : `order by revision limit ${oldest}`;
      await db.query(`declare swept cursor for select ctid::text from ${table.name} where ${conditions} ${order}`, [
        ...keys,
        ...ofProduct,
      ]);
      const columns = Object.keys(set);
      const changes = columns.map((column, index) => `${column} = $${index + 2}::${table.columns[column]}`);
      const update = `update ${table.name} set ${changes}
        where ctid = any($1::tid[]) and ${inGroup(columns.length + 2).join(' and ')}`;
      for (let size = rowsPerPage; size === rowsPerPage; ) {
        signal.throwIfAborted();
        const startedMs = performance.now();
        const { rows } = await db.query<[string]>({ text: `fetch ${rowsPerPage} from swept`, rowMode: 'array' });
        const { rowCount } = await db.query(update, [rows.flat(), ...Object.values(set), ...keys]);
        // After a switch of versions the name may be that of another table.
        if (rowCount !== rows.length) throw new Error(`Rows of ${table.name} have changed during a sweep.`);
        size = rows.length;
        await delay(Math.min(pauseMsMax, performance.now() - startedMs), undefined, { signal });
      }
      await db.query('close swept');
    }
  };

// Far below the time that a transaction may be idle.
const pauseMsMax = 1_000;
const rowsPerPage = 1_000;

const sweepAlike = async (db: PoolClient, table: Table, sweeps: readonly Sweep[]): Promise<void> => {
  const { by, end } = groupOf(table);
  const columns = Object.keys(sweeps[0]?.set ?? {});
  const areAll = sweeps[0]?.oldest === null;
  const parameters = [
    ...by.map((column) => ({ column, type: 'text', values: sweeps.map(({ group }) => group[column]) })),
    { column: 'only_product', type: 'text', values: sweeps.map(({ product }) => product) },
    { column: 'oldest', type: 'bigint', values: sweeps.map(({ oldest }) => oldest) },
    ...columns.map((column) => ({
      column: `new_${column}`,
      type: table.columns[column],
      values: sweeps.map(({ set }) => set[column]),
    })),
  ];
  const fits = (alias: string) =>
    [
      ...by.map((column) => `${alias}.${column} = s.${column}`),
      ...(end === null ? [] : [`${alias}.${end} is null`]),
      ...('product' in table.columns ? [`(s.only_product is null or ${alias}.product = s.only_product)`] : []),
    ].join(' and ');
  const picked = `cross join lateral (
      select o.ctid as place from ${table.name} o where ${fits('o')} order by o.revision limit s.oldest) picked`;
  // With arrays and no prepared statement the planner sees how few groups there are, and reads no whole table for them.
  await db.query({
    text: `update ${table.name} t set ${columns.map((column) => `${column} = s.new_${column}`)}
      from unnest(${parameters.map(({ type }, index) => `$${index + 1}::${type}[]`)}) s(${parameters.map(({ column }) => column)})
      ${areAll ? '' : picked} where ${areAll ? fits('t') : 't.ctid = picked.place'}`,
    values: parameters.map(({ values }) => values),
  });
};
