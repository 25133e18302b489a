import pg from 'pg';

const connectTimeoutMs = 5_000;

/**
 * Connects to Postgres for a command that only reads: Postgres refuses every write of the connection. Throws when
 * Postgres does not answer within five seconds.
 */
export const connectReading = async (url: string, applicationName: string): Promise<pg.Client> => {
  const db = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: 20_000,
  });
  // Without a listener a lost connection would end the process.
  db.on('error', () => undefined);
  try {
    await db.connect();
    await db.query(`set default_transaction_read_only = on; set statement_timeout = '15s'; set lock_timeout = '5s'`);
    return db;
  } catch (error) {
    await db.end().catch(() => undefined);
    throw error;
  }
};

/** Returns true when the database has the tables of the product. */
export const isMigrated = async (db: pg.Client): Promise<boolean> => {
  const { rows } = await db.query<{ migrated: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'ops' and c.relname = 'migrations') as migrated`,
  );
  return rows[0]?.migrated === true;
};

/** Does `work` as a role of the product. The connection has its own login again after it. */
export const asRole = async <T>(
  db: pg.Client,
  role: 'ledger_owner' | 'ledger_projector',
  work: () => Promise<T>,
): Promise<T> => {
  await db.query(`set role ${role}`);
  try {
    return await work();
  } finally {
    await db.query('reset role');
  }
};

/** Returns true when the database has a table. An older release may not have made it. */
export const hasTable = async (db: pg.Client, name: string): Promise<boolean> => {
  const [schema, table] = name.split('.');
  const { rowCount } = await db.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2`,
    [schema, table],
  );
  return rowCount === 1;
};
