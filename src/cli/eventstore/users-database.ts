import pg from 'pg';
import { type Config, InvalidConfiguration } from '../../config.ts';
import { places, readRuntime } from '../../embedded/data-directory.ts';
import { errorText } from '../../embedded/errors.ts';
import { existingSecret } from '../../embedded/existing-data.ts';
import { readIfThere } from '../../embedded/files.ts';
import { readStoreDatabase } from '../../embedded/store-postgres.ts';
import { CommandEnded, exitCodes, Unreachable, UsageError } from '../exit-codes.ts';
import { hostOf, isRefusal } from '../server/reach-servers.ts';

/** Where the users of a running store are. `storeUrl`: how the product reaches it, or null when it is not known. */
type UsersPlace = { readonly databaseUrl: string; readonly storeUrl: string | null };

/**
 * Calls `use` with a connection to the database of the event store. Starts and creates nothing. Throws CommandEnded with
 * the exit code 4 when no store of ours runs, and UsageError when the configured one has users of its own.
 */
export const withUsersDatabase = async <Result>(
  config: Config,
  use: (db: pg.Client, storeUrl: string | null) => Promise<Result>,
): Promise<Result> => {
  const { databaseUrl, storeUrl } = await findUsers(config);
  const db = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  db.on('error', () => {});
  try {
    await db.connect();
  } catch (error) {
    const where = `Postgres of the event store at ${hostOf(databaseUrl)}`;
    if (isRefusal(error)) throw new InvalidConfiguration(`${where} refuses: ${errorText(error)}. Correct the URL.`);
    throw new Unreachable(`${where} does not answer: ${errorText(error)}. Start it, or correct the URL.`);
  }
  try {
    const { rows } = await db.query(`select where to_regclass('eventstore.users') is not null`);
    if (rows.length === 0)
      throw new CommandEnded(
        exitCodes.nothingToCheck,
        'This database has no table of users yet. Start the event store of this release once.',
      );
    return await use(db, storeUrl);
  } finally {
    await db.end();
  }
};

/** Returns the users that `ledger status` and `ledger doctor` name. Null: the store is not ours, or does not tell. */
export const usersOrNull = async (config: Config): Promise<readonly ListedStoreUser[] | null> =>
  withUsersDatabase(config, listUsers).catch(() => null);

/** A user of the event store besides the product. `createdAt`: ISO 8601, UTC. */
export type ListedStoreUser = { readonly name: string; readonly mayAppend: boolean; readonly createdAt: string };

/** Reads the users, by name. */
export const listUsers = async (db: pg.Client): Promise<readonly ListedStoreUser[]> => {
  const { rows } = await db.query<{ name: string; may_append: boolean; created_at: Date }>(
    'select name, may_append, created_at from eventstore.users order by name',
  );
  return rows.map((row) => ({
    name: row.name,
    mayAppend: row.may_append,
    createdAt: row.created_at.toISOString(),
  }));
};

const findUsers = async (config: Config): Promise<UsersPlace> => {
  const { eventStore, servers, dataDir } = config;
  const configured = servers.mode === 'servers' ? servers.eventStoreUrl : null;
  const storeUrl = (await readIfThere(places(dataDir).storeUrl))?.trim() ?? configured;
  if (eventStore.databaseUrl !== null) return { databaseUrl: eventStore.databaseUrl, storeUrl };
  const alone = await readStoreDatabase(dataDir);
  if (alone !== undefined) return { databaseUrl: alone, storeUrl };
  if (servers.mode === 'servers')
    throw new UsageError(
      'EVENTSTORE_URL names a server with users of its own. For ledger eventstore set LEDGER_EVENTSTORE_DATABASE_URL, or LEDGER_DATA_DIR to its data directory, and remove EVENTSTORE_URL.',
    );
  const running = await readRuntime(dataDir);
  if (running === undefined)
    throw new CommandEnded(
      exitCodes.unreachable,
      `No event store runs on ${dataDir}. Start ledger start or ledger eventstore, or set LEDGER_DATA_DIR to its data directory.`,
    );
  const url = new URL(running.databaseUrl);
  url.username = 'eventstore';
  url.password = await existingSecret(dataDir, 'eventstore-password');
  url.pathname = '/eventstore';
  return { databaseUrl: url.href, storeUrl: running.eventStoreUrl };
};
