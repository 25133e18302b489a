import { Client, DatabaseError } from 'pg';

/** An arbitrary number. Advisory locks are per database, and the event store has a database of its own. */
const writerLock = 4_242_001;

const connectTimeoutMs = 10_000;

/** The connection of a killed server stays open for a moment. */
const lockTimeoutMs = 3_000;

/** Thrown when another server writes to the same database. */
export class DatabaseTaken extends Error {
  override readonly name = 'DatabaseTaken';
}

/** What a second server on the same database does. Without `takesOver` it is refused after `lockTimeoutMs`. */
export type Taking = {
  /** Waits until the first one ends, for as long as that takes. */
  readonly takesOver?: boolean;
  /** Ends the wait: the call throws. */
  readonly signal?: AbortSignal;
  /** Called when the wait begins. */
  readonly onWait?: () => void;
};

/**
 * Opens the only connection that writes. It holds a lock while it is open, so a second server on the same database is
 * refused or waits. When the connection is lost, so is the lock. It must never be replaced while the server goes on.
 */
export const connectWriter = async (
  databaseUrl: string,
  onLost: (reason: Error) => void,
  taking: Taking = {},
): Promise<Client> => {
  const db = new Client({
    connectionString: databaseUrl,
    application_name: 'eventstore writer',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  db.on('error', onLost);
  await db.connect();
  try {
    await lockWriter(db, taking);
    // An acknowledged append must survive a power loss. The default of the database may be different.
    await db.query('set synchronous_commit = on');
  } catch (error) {
    await db.end();
    taking.signal?.throwIfAborted();
    if (!isLockTimeout(error)) throw error;
    throw new DatabaseTaken('Another event store server is running on this database; there can be only one');
  }
  return db;
};

const lockWriter = async (db: Client, { takesOver = false, signal, onWait }: Taking): Promise<void> => {
  const lock = () => db.query('select pg_advisory_lock($1)', [writerLock]);
  await db.query(`set lock_timeout = ${lockTimeoutMs}`);
  await lock().catch(async (error: unknown) => {
    if (!takesOver || !isLockTimeout(error)) throw error;
    onWait?.();
    // Closing the connection ends the query that waits for the lock.
    const giveUp = () => void db.end().catch(() => {});
    signal?.addEventListener('abort', giveUp, { once: true });
    signal?.throwIfAborted();
    await db.query('set lock_timeout = 0');
    await lock();
    signal?.removeEventListener('abort', giveUp);
  });
  await db.query('set lock_timeout = 0');
};

const isLockTimeout = (error: unknown): boolean => error instanceof DatabaseError && error.code === '55P03';
