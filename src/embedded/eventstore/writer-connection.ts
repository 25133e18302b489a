import { Client, DatabaseError } from 'pg';

/** Any number will do: advisory locks are per database, and this one is the event store's own. */
const writerLock = 4_242_001;

const connectTimeoutMs = 10_000;

/** A server that was killed leaves its connection to Postgres behind for a moment. */
const lockTimeoutMs = 3_000;

/**
 * The only connection that writes. It holds a lock for as long as it lives, so that a second server on the same database is
 * refused; a lost connection is a lost lock, and must never be replaced while the server goes on.
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
    // What is acknowledged survives a power loss, whatever the database's default is.
    await db.query('set synchronous_commit = on');
  } catch (error) {
    await db.end();
    if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error;
    throw new Error('Another event store server is running on this database; there can be only one');
  }
  return db;
};
