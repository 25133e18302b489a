import pg from 'pg';
import type { Log } from '../../postgres/log.ts';
import { readModelTables } from '../tables/tables.ts';
import { loadingSchemaOf, schemaOf, type Version } from '../versions.ts';

/** A load of very many rows into the empty tables of a version that does not serve. */
export type BulkLoad = {
  /** Removes the rows. */
  readonly empty: () => Promise<void>;
  /**
   * Makes the tables as they were, and vacuums and analyzes them. After an error it can be called again, and goes on
   * with what failed. Throws the reason of the signal, or that Postgres cancelled a statement, once the signal is aborted.
   */
  readonly end: () => Promise<void>;
};

/** `db`: the login of DATABASE_URL, outside a transaction. `signal`: stops the end of the load. */
type Needs = {
  readonly db: pg.Client;
  readonly databaseUrl: string;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/**
 * Drops the indexes that no writer needs, and lets the owner of the tables copy rows: row-level security still binds
 * every other role. Until `end` the tables are in the schema of `loadingSchemaOf`. In the schema of the version a process
 * would find them open and refuse to start, also one of an earlier release (src/postgres/lint-checks.ts).
 */
export const beginBulkLoad = async ({ db, databaseUrl, log, signal }: Needs, version: Version): Promise<BulkLoad> => {
  const names = await tablesOf(db, version);
  const indexes = await readerIndexesOf(db, version);
  const own = schemaOf(version);
  const loading = loadingSchemaOf(version);
  const tablesIn = (schema: string) => names.map((name) => `${schema}.${name}`);
  const changeAll = (schema: string, change: string) =>
    tablesIn(schema).map((table) => `alter table ${table} ${change}`);
  await asOwner(db, [
    `alter schema ${own} rename to ${loading}`,
    ...changeAll(loading, 'no force row level security'),
    ...indexes.map(({ name }) => `drop index ${loading}.${name}`),
  ]);
  let schema = loading;
  const steps = [
    async () => {
      await asOwner(db, [
        ...changeAll(loading, 'force row level security'),
        `alter schema ${loading} rename to ${own}`,
      ]);
      schema = own;
    },
    // Before the indexes are made: dead rows are in none of them, and each is made of pages without dead rows.
    () => asOwner(db, [`vacuum ${tablesIn(own)}`]),
    () => haveMemoryToSort(db),
    ...indexes.map(
      ({ definition }) =>
        () =>
          asOwner(db, [definition]),
    ),
    // Without statistics Postgres would plan the first queries after the switch badly.
    () => asOwner(db, [`analyze ${tablesIn(own)}`]),
  ];
  const finish = async () => {
    for (let step = steps[0]; step !== undefined; step = steps[0]) {
      signal.throwIfAborted();
      await step();
      steps.shift();
    }
    await db.query('reset maintenance_work_mem');
  };
  return {
    empty: () => asOwner(db, [`truncate ${tablesIn(schema)}`]),
    end: () => cancelledBy(signal, db, { databaseUrl, log }, finish),
  };
};

/** Cancels the statement that `db` carries out when the signal is aborted: an index of many rows takes minutes. */
const cancelledBy = async (
  signal: AbortSignal,
  db: pg.Client,
  { databaseUrl, log }: Pick<Needs, 'databaseUrl' | 'log'>,
  work: () => Promise<void>,
): Promise<void> => {
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  let cancelled: Promise<void> | undefined;
  const cancel = () => {
    cancelled = cancelStatementOf(databaseUrl, rows[0]?.pid).catch((error: unknown) =>
      log.warn({ err: error }, 'The rebuild is stopped only after its current statement, which was not cancelled.'),
    );
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await work();
  } finally {
    signal.removeEventListener('abort', cancel);
    // A later statement must not be cancelled in place of this one.
    await cancelled;
  }
};

const cancelStatementOf = async (databaseUrl: string, pid: number | undefined): Promise<void> => {
  const other = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  other.on('error', () => {});
  try {
    await other.connect();
    await other.query('select pg_cancel_backend($1)', [pid]);
  } finally {
    await other.end();
  }
};

/** Gives the connection as much memory to sort rows as an index of many rows needs, and never less than Postgres has set. */
const haveMemoryToSort = async (db: pg.Client): Promise<void> => {
  await db.query(
    `select set_config('maintenance_work_mem', '${sortingKb}kB', false) from pg_settings
      where name = 'maintenance_work_mem' and setting::bigint < ${sortingKb}`,
  );
};

const sortingKb = 128 * 1_024;

type Index = { readonly table: string; readonly name: string; readonly definition: string };

/** Returns the indexes that neither a constraint nor the sweeps of a group need. */
const readerIndexesOf = async (db: pg.Client, version: Version): Promise<readonly Index[]> => {
  const { rows } = await db.query<Index & { columns: readonly string[] }>(
    `select quote_ident(c.relname) as name, pg_get_indexdef(c.oid) as definition, t.relname as table,
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

const tablesOf = async (db: pg.Client, version: Version): Promise<readonly string[]> => {
  const { rows } = await db.query<{ table: string }>(
    `select quote_ident(tablename) as table from pg_tables where schemaname = $1`,
    [schemaOf(version)],
  );
  return rows.map(({ table }) => table);
};

/** Carries out statements, and all or none of several. */
const asOwner = async (db: pg.Client, statements: readonly string[]): Promise<void> => {
  await db.query('set role ledger_owner');
  try {
    await db.query(statements.join('; '));
  } finally {
    await db.query('reset role');
  }
};
