import pg from 'pg';
import { startEventStore } from '../../src/embedded/eventstore/server.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';

/**
 * Writes events into the database of an event store that is not running, at their own positions: a hundred times as fast as
 * appending them. They must have their hashes and be in log order.
 */
export const writeLog = async (databaseUrl: string, log: Iterable<readonly Recorded[]>): Promise<void> => {
  let db: pg.Client | null = null;
  for (const piece of log) {
    db ??= await openTables(databaseUrl);
    for (let first = 0; first < piece.length; first += pageMax)
      await writePage(db, piece.slice(first, first + pageMax));
  }
  await db?.query('analyze eventstore.events');
  await db?.end();
};

const pageMax = 2_000;

// The server makes its own tables, and reads where the log ends at its start.
const openTables = async (databaseUrl: string): Promise<pg.Client> => {
  const server = await startEventStore({ access: 'INSECURE', databaseUrl, port: 0 });
  await server.stop();
  const db = new pg.Client(databaseUrl);
  await db.connect();
  return db;
};

const writePage = async (db: pg.Client, events: readonly Recorded[]): Promise<void> => {
  const rows = events.map(({ position, stream, revision, id, type, data, metadata }) => ({
    ...{ position: `${position.commit}`, stream, revision: `${revision}`, id, type },
    ...{ data: JSON.stringify(data), metadata: JSON.stringify(metadata) },
  }));
  await db.query({
    name: 'write-log',
    text: `insert into eventstore.events (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
      select position, stream, revision, id, type, true, convert_to(data, 'UTF8'), convert_to(metadata, 'UTF8'), 0
      from json_to_recordset($1::json)
        as r (position bigint, stream text, revision bigint, id uuid, type text, data text, metadata text)`,
    values: [JSON.stringify(rows)],
  });
};
