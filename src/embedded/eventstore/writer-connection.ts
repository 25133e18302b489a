import { Client, DatabaseError } from 'pg';

/** An arbitrary number. Advisory locks are per database, and the event store has a database of its own. */
const writerLock = 4_242_001;

const connectTimeoutMs = 10_000;

/** The connection of a killed server stays open for a moment. */
const lockTimeoutMs = 3_000;

/**
 * Opens the only connection that writes. It holds a lock while it is open, so a second server on the same database is
 * refused. When the connection is lost, so is the lock. It must never be replaced while the server goes on.
 */
export const connectWriter = async (databaseUrl: string, onLost: (reason: Error) => void): Promise<Client> => {
  const db = new Client({
    connectionString: databaseUrl,
    application_name: 'eventstore writer',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  db.on('error', onLost);
  await db.connect();
  try {
    await db.query(`set lock_timeout = ${lockTimeoutMs}`);
    await db.query('select pg_advisory_lock($1)', [writerLock]);
    await db.query('set lock_timeout = 0');
    // An acknowledged append must survive a power loss. The default of the database may be different.
    await db.query('set synchronous_commit = on');
  } catch (error) {
    await db.end();
    if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error;
    throw new Error('Another event store server is running on this database; there can be only one');
  }
  return db;
};
