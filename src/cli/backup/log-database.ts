import pg from 'pg';
import type { Config } from '../../config.ts';
import { errorText } from '../../embedded/errors.ts';
import { existingSecret } from '../../embedded/existing-data.ts';
import { readStoreDatabase } from '../../embedded/store-postgres.ts';
import { Unreachable } from '../exit-codes.ts';
import { hostOf } from '../server/reach-servers.ts';

/** The servers of a command, as far as they tell where the log is. */
type Servers = { readonly embedded: boolean; readonly databaseUrl: string };

/**
 * Returns the URL of the database of our own event store, or null when the event store is another server, such as KurrentDB.
 * With configured servers it is LEDGER_EVENTSTORE_DATABASE_URL, or the database of `ledger eventstore` in LEDGER_DATA_DIR.
 */
export const logDatabaseUrl = async (config: Config, { embedded, databaseUrl }: Servers): Promise<string | null> => {
  if (!embedded) return config.eventStore.databaseUrl ?? (await readStoreDatabase(config.dataDir)) ?? null;
  const url = new URL(databaseUrl);
  url.username = 'eventstore';
  url.password = await existingSecret(config.dataDir, 'eventstore-password');
  url.pathname = '/eventstore';
  return url.href;
};

/** Connects to the database of the log. Throws Unreachable when it does not answer. The message has no password. */
export const connectLogDatabase = async (url: string): Promise<pg.Client> => {
  const db = new pg.Client({
    connectionString: url,
    application_name: 'ledger-backup-log',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  // A connection that breaks fails the statement that waits for it.
  db.on('error', () => {});
  try {
    await db.connect();
    return db;
  } catch (error) {
    throw new Unreachable(
      `The database of the event store at ${hostOf(url)} does not answer: ${errorText(error)}. Start it, or correct LEDGER_EVENTSTORE_DATABASE_URL.`,
    );
  }
};
