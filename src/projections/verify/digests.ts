import type { PoolClient } from 'pg';
import { logEntries } from '../issuer-logs/log-entries.ts';
import { comparableColumns } from '../tables/rows.ts';
import { countedTables, readModelTables } from '../tables/tables.ts';

/** A digest of the rows of one organization in a table. Equal rows in any order have equal digests. */
export type Digest = {
  readonly table: string;
  /** The organization that the rows belong to, by `issuer_org_id`. */
  readonly tenant: string;
  readonly rows: number;
  /**
   * 32 hex digits over the columns of every row that every machine fills alike. It detects accidents, but not a writer
   * who forges it.
   */
  readonly digest: string;
};

/**
 * Yields a digest per table and organization, ordered by both, for every table of the read models in the connection's
 * schema whose rows stay. Reads a thousand at a time, because there may be many organizations. Needs a transaction.
 */
export async function* digestsOf(db: PoolClient): AsyncGenerator<Digest> {
  for (const table of [...countedTables.map(({ table }) => table), logEntries]) {
    // Adding up md5 as two numbers over the rows needs neither an order nor memory.
    await db.query(
      `declare digests cursor for select issuer_org_id as tenant, count(*) as rows,
          md5(sum(('x' || left(hash, 16))::bit(64)::bigint::numeric) || '/' || sum(('x' || right(hash, 16))::bit(64)::bigint::numeric)) as digest
        from (select issuer_org_id, md5(row(${comparableColumns(table)})::text) as hash from ${table.name}) hashed
        group by issuer_org_id order by issuer_org_id collate "C"`,
    );
    for (;;) {
      const { rows } = await db.query<{ tenant: string; rows: string; digest: string }>('fetch 1000 from digests');
      for (const { rows: count, ...rest } of rows) yield { table: table.name, ...rest, rows: Number(count) };
      if (rows.length === 0) break;
    }
    await db.query('close digests');
  }
}

/** Returns how many rows each table in the connection's schema has, without those that the worker purges. */
export const countsOf = async (db: PoolClient): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  const purged = new Set(readModelTables.flatMap(({ table }) => (table.purged === undefined ? [] : [table.name])));
  for (const table of await tablesOf(db)) {
    if (purged.has(table)) continue;
    const { rows } = await db.query<{ count: string }>(`select count(*) from ${table}`);
    counts.set(table, Number(rows[0]?.count));
  }
  return counts;
};

/** Settings for digests within a transaction. The text of a row depends on them. They also remove the time limits. */
export const digestSettings = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local bytea_output = 'hex'; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`;

const tablesOf = async (db: PoolClient): Promise<readonly string[]> => {
  const { rows } = await db.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'
      order by relname collate "C"`,
  );
  return rows.map(({ name }) => name);
};
