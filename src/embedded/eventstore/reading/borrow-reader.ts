import type { Pool, PoolClient } from 'pg';

/**
 * Calls `read` with a connection of the pool. Returns undefined when the call that reads is over by then, because many
 * callers that gave up would otherwise delay the others.
 */
export const borrowReader = async <Result>(
  db: Pool,
  over: AbortSignal | undefined,
  read: (client: PoolClient) => Promise<Result>,
): Promise<Result | undefined> => {
  if (over?.aborted) return undefined;
  const client = await db.connect();
  if (over?.aborted) {
    client.release();
    return undefined;
  }
  // The query rejects when the connection breaks. An 'error' event without a listener would end the process.
  client.on('error', ignore);
  let failure: unknown;
  try {
    return await read(client);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(failure !== undefined);
  }
};

/**
 * Calls `read` when it is the turn of this bulk read. Bulk reads want the next page all the time. One connection is not
 * for them, so reads of streams do not wait for pages of the log.
 */
export const takeBulkTurn = async <Result>(db: Pool, read: () => Promise<Result>): Promise<Result> => {
  const turns = turnsOf(db);
  if (turns.free > 0) turns.free -= 1;
  else await new Promise<void>((resolve) => turns.waiting.push(resolve));
  try {
    return await read();
  } finally {
    const next = turns.waiting.shift();
    if (next === undefined) turns.free += 1;
    else next();
  }
};

type Turns = { free: number; readonly waiting: (() => void)[] };

const turnsByPool = new WeakMap<Pool, Turns>();

const turnsOf = (db: Pool): Turns => {
  const turns = turnsByPool.get(db) ?? { free: Math.max(1, db.options.max - 1), waiting: [] };
  turnsByPool.set(db, turns);
  return turns;
};

const ignore = () => {};
