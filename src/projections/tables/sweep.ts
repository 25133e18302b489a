import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Group, Row, Table } from './rows.ts';

/**
 * What one event does to the open rows of a group, whatever their number. Postgres finds the rows; nobody loads or
 * names them. A table with a group says in `revision` which event made a row: that is the order of their age.
 */
export type Sweep = {
  /** The values of the group's columns. */
  readonly group: Row;
  /** Changes only rows of this product; null: rows of any product and of none. */
  readonly product: string | null;
  /** Changes so many of the oldest rows; null: all. */
  readonly oldest: number | null;
  readonly set: Row;
  /** How many rows it changes, as far as the license counts them. Default: few. */
  readonly rows?: number;
};

/** Carries sweeps out. Each must be about another group. */
export type Sweeper = (db: PoolClient, table: Table, sweeps: readonly Sweep[]) => Promise<void>;

/** Carries sweeps out, in one statement for all that have the same form. */
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

/** The group of a table that sweeps are about. Throws for a table without one. */
export const groupOf = ({ name, group }: Table): Group => {
  if (group === undefined) throw new Error(`Events name the rows of ${name} that they change.`);
  return group;
};

/**
 * Carries sweeps out in pages, and after each page waits as long as it took: for very many rows, beside other
 * transactions. Nobody else may change the rows meanwhile.
 */
export const sweepInPages: Sweeper = async (db, table, sweeps) => {
  for (const { group, product, oldest, set } of sweeps) {
    const { by, end } = groupOf(table);
    const conditions = [
      ...by.map((column, index) => `${column} = $${index + 1}`),
      ...(end === null ? [] : [`${end} is null`]),
      ...('product' in table.columns ? [`($${by.length + 1}::text is null or product = $${by.length + 1})`] : []),
    ];
    const values = [...by.map((column) => group[column]), ...('product' in table.columns ? [product] : [])];
    await db.query({
      text: `declare swept cursor for select ctid::text from ${table.name} where ${conditions.join(' and ')}
        ${oldest === null ? '' : `order by revision limit ${oldest}`}`,
      values,
    });
    for (let size = rowsPerPage; size === rowsPerPage; ) {
      const startedMs = performance.now();
      const { rows } = await db.query<[string]>({ text: `fetch ${rowsPerPage} from swept`, rowMode: 'array' });
      const changes = Object.keys(set).map(
        (column, index) => `${column} = $${index + 2}::${String(table.columns[column])}`,
      );
      await db.query(`update ${table.name} set ${changes} where ctid = any($1::tid[])`, [
        rows.flat(),
        ...Object.values(set),
      ]);
      size = rows.length;
      await delay(performance.now() - startedMs);
    }
    await db.query('close swept');
  }
};

const rowsPerPage = 1_000;

const sweepAlike = async (db: PoolClient, table: Table, sweeps: readonly Sweep[]): Promise<void> => {
  const { by, end } = groupOf(table);
  const columns = Object.keys(sweeps[0]?.set ?? {});
  const areAll = sweeps[0]?.oldest === null;
  const given = [
    ...by.map((column) => ({ column, type: 'text', values: sweeps.map(({ group }) => group[column]) })),
    { column: 'wanted_product', type: 'text', values: sweeps.map(({ product }) => product) },
    { column: 'oldest', type: 'bigint', values: sweeps.map(({ oldest }) => oldest) },
    ...columns.map((column) => ({
      ...{ column: `new_${column}`, type: table.columns[column] },
      values: sweeps.map(({ set }) => set[column]),
    })),
  ];
  const fits = (alias: string) =>
    [
      ...by.map((column) => `${alias}.${column} = s.${column}`),
      ...(end === null ? [] : [`${alias}.${end} is null`]),
      ...('product' in table.columns ? [`(s.wanted_product is null or ${alias}.product = s.wanted_product)`] : []),
    ].join(' and ');
  const picked = `cross join lateral (
      select o.ctid as place from ${table.name} o where ${fits('o')} order by o.revision limit s.oldest) picked`;
  // Arrays, and no prepared statement: so the planner sees how few groups there are, and reads no whole table for them.
  await db.query({
    text: `update ${table.name} t set ${columns.map((column) => `${column} = s.new_${column}`)}
      from unnest(${given.map(({ type }, index) => `$${index + 1}::${type}[]`)}) s(${given.map(({ column }) => column)})
      ${areAll ? '' : picked} where ${areAll ? fits('t') : 't.ctid = picked.place'}`,
    values: given.map(({ values }) => values),
  });
};
