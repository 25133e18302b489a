import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';

/** An arbitrary number. Advisory locks are per database, and the event store has a database of its own. */
const writerLock = 4_242_001;

const connectTimeoutMs = 10_000;

/** The connection of a killed server stays open for a moment. */
const takenMs = 3_000;

const retryMs = 200;

/** A waiting server gives a connection up whose Postgres has not answered for this time. */
const answerMsMax = 10_000;

/** Thrown when another server writes to the same database. */
export class DatabaseTaken extends Error {
  override readonly name = 'DatabaseTaken';
}

/** Thrown when a pooler answers in place of Postgres. It may give the lock of one server to another one. */
export class PooledConnection extends Error {
  override readonly name = 'PooledConnection';
}

/** What a second server on the same database does. Without `takesOver` it is refused after `takenMs`. */
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
  const db = await lockedConnection(databaseUrl, taking);
  try {
    // An acknowledged append must survive a power loss. The default of the database may be different.
    await db.query('set synchronous_commit = on');
  } catch (error) {
    close(db);
    throw error;
  }
  db.on('error', onLost);
  return db;
};

const lockedConnection = async (databaseUrl: string, { takesOver = false, signal, onWait }: Taking) => {
  let db = await open(databaseUrl);
  let isWaiting = false;
  const takenUntil = performance.now() + takenMs;
  const reconnect = async (error: unknown): Promise<boolean> => {
    if (!isWaiting || !isPassing(error)) throw error;
    close(db);
    db = await open(databaseUrl).catch((reason) => (isPassing(reason) ? db : Promise.reject(reason)));
    return false;
  };
  try {
    while (!(await inTime(tryLock(db)).catch(reconnect))) {
      if (!isWaiting && performance.now() > takenUntil) {
        if (!takesOver)
          throw new DatabaseTaken('Another event store server is running on this database; there can be only one');
        isWaiting = true;
        onWait?.();
      }
      await delay(retryMs, undefined, { ...(signal && { signal }) });
    }
    return db;
  } catch (error) {
    close(db);
    throw error;
  }
};

/** Opens a connection. Postgres, too, notices within half a minute that the other machine has lost power or its network. */
const open = async (databaseUrl: string): Promise<Client> => {
  const db = new Client({
    connectionString: databaseUrl,
    application_name: 'eventstore writer',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // A query that waits for its answer rejects.
  db.on('error', () => {});
  try {
    await db.connect();
    await refusePooler(db);
    await db.query(
      'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = 30000',
    );
    return db;
  } catch (error) {
    close(db);
    throw error;
  }
};

// A connection that was cut off would never confirm its end.
const close = (db: Client): void => void db.end().catch(() => {});

/** Postgres tells its process at the connect. A pooler tells another one, because its connections change their process. */
const refusePooler = async (db: Client): Promise<void> => {
  const told: unknown = 'processID' in db ? db.processID : null;
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  if (typeof told === 'number' && told !== rows[0]?.pid) throw pooled();
};

const pooled = () =>
  new PooledConnection(
    'A pooler answers in place of Postgres. The event store needs a connection of its own, because its lock belongs to that',
  );

/** Takes the lock. Returns false when another connection has it. It asks first, because a second lock of one connection succeeds. */
const tryLock = async (db: Client): Promise<boolean> => {
  const { rows } = await db.query<{ is_locked: boolean | null }>(
    `select case when not exists (
       select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
         and classid = 0 and objid = ${writerLock} and objsubid = 1
     ) then pg_try_advisory_lock(${writerLock}) end as is_locked`,
  );
  const isLocked = rows[0]?.is_locked ?? null;
  if (isLocked === null) throw pooled();
  return isLocked;
};

const inTime = async <T>(answer: Promise<T>): Promise<T> => {
  const ended = new AbortController();
  const late = delay(answerMsMax, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`Postgres has not answered within ${answerMsMax / 1_000} seconds: timeout`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    ended.abort();
    answer.catch(() => {});
  }
};

/** Returns true when Postgres restarts or is cut off: another try may succeed. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof PooledConnection) && !(error instanceof DatabaseError && !/^(08|53|57P)/.test(error.code ?? ''));
