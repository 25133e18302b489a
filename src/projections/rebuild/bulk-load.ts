import type pg from 'pg';
import { readModelTables } from '../tables/tables.ts';
import { schemaOf, type Version } from '../versions.ts';

/**
 * Prepares the empty tables of a version that does not serve for very many rows. Drops the indexes that no writer needs,
 * and lets the owner of the tables copy rows: row-level security still binds every other role. Returns a function that
 * makes the tables as they were, and vacuums and analyzes them. It throws the reason of `signal` once it is aborted. `db`: the
 * login of DATABASE_URL, outside a transaction.
 */
export const beginBulkLoad = async (
  db: pg.Client,
  version: Version,
  signal: AbortSignal,
): Promise<() => Promise<void>> => {
  const tables = await tablesOf(db, version);
  const indexes = await readerIndexesOf(db, version);
  const eachTable = (change: string) => tables.map((table) => `alter table ${table} ${change}`);
  await asOwner(db, [...eachTable('no force row level security'), ...indexes.map(({ name }) => `drop index ${name}`)]);
  return async () => {
    await asOwner(db, eachTable('force row level security'));
    // Before the indexes are made: dead rows are in none of them, and each is made of pages without dead rows.
    await asOwner(db, [`vacuum ${tables}`]);
    await db.query(`set maintenance_work_mem = '${sortingMemory}'`);
    for (const definitions of definitionsByTable(indexes)) {
      signal.throwIfAborted();
      await asOwner(db, definitions);
    }
    await db.query('reset maintenance_work_mem');
    // Without statistics Postgres would plan the first queries after the switch badly.
    await asOwner(db, [`analyze ${tables}`]);
  };
};

/** Removes all rows of a version. */
export const emptyTables = async (db: pg.Client, version: Version): Promise<void> => {
  await asOwner(db, [`truncate ${await tablesOf(db, version)}`]);
};

const sortingMemory = '128MB';

type Index = { readonly table: string; readonly name: string; readonly definition: string };

/** Returns the indexes that neither a constraint nor the sweeps of a group need. */
const readerIndexesOf = async (db: pg.Client, version: Version): Promise<readonly Index[]> => {
  const { rows } = await db.query<Index & { columns: readonly string[] }>(
    `select format('%I.%I', n.nspname, c.relname) as name, pg_get_indexdef(c.oid) as definition, t.relname as table,
        array(select pg_get_indexdef(c.oid, place, true) from generate_series(1, i.indnkeyatts) place) as columns
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = t.relnamespace
      where n.nspname = $1 and not i.indisunique and not i.indisexclusion order by t.relname, c.oid`,
    [schemaOf(version)],
  );
  const swept = new Map(readModelTables.flatMap(({ table: { name, group } }) => (group ? [[name, group.by]] : [])));
  return rows.filter(({ table, columns }) => {
    const by = swept.get(table);
    return by === undefined || by.some((column, place) => columns[place] !== column);
  });
};

const definitionsByTable = (indexes: readonly Index[]): readonly (readonly string[])[] => {
  const byTable = new Map<string, string[]>();
  for (const { table, definition } of indexes) byTable.set(table, [...(byTable.get(table) ?? []), definition]);
  return [...byTable.values()];
};

const tablesOf = async (db: pg.Client, version: Version): Promise<readonly string[]> => {
  const { rows } = await db.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname = $1`,
    [schemaOf(version)],
  );
  return rows.map(({ table }) => table);
};

/** Carries out statements, and all or none of several. */
const asOwner = async (db: pg.Client, statements: readonly string[]): Promise<void> => {
  await db.query('set role ledger_owner');
  await db.query(statements.join('; '));
  await db.query('reset role');
};
