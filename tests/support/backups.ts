import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { BackupSource } from '../../src/cli/backup/take-backup.ts';
import { startEventStore } from '../../src/embedded/eventstore/server.ts';
import { createDatabase } from './database.ts';
import type { Ledger } from './ledger.ts';
import { type Ran, runCommand } from './run-command.ts';

/** The LEDGER_SECRET that a test ledger has. */
export const ledgerSecret = Buffer.alloc(32, 7).toString('base64');

/** What `takeBackup` backs up of a test ledger, into `to`. */
export const sourceOf = (ledger: Ledger, to: string, more: Partial<BackupSource> = {}): BackupSource => ({
  ...{ databaseUrl: ledger.database.url, eventStoreUrl: ledger.store.url, logUrl: ledger.store.databaseUrl },
  ...{ store: ledger.store.connect(), to, signal: new AbortController().signal, onProgress: () => {} },
  ...more,
});

/** An empty database for one test. */
export const emptyDatabase = async (): Promise<string> => {
  const database = await createDatabase();
  onTestFinished(database.drop);
  return database.url;
};

/** The settings of a command with these servers. */
export const serversOf = (databaseUrl: string, storeUrl: string) => ({
  ...{ DATABASE_URL: databaseUrl, EVENTSTORE_URL: storeUrl, LEDGER_SECRET: ledgerSecret },
});

/** Runs `ledger restore`. */
export const restore = (
  args: readonly string[],
  { databaseUrl, storeUrl, logUrl }: { databaseUrl: string; storeUrl: string; logUrl?: string },
): Promise<Ran> =>
  runCommand(['restore', ...args], {
    ...serversOf(databaseUrl, storeUrl),
    ...(logUrl === undefined ? {} : { LEDGER_EVENTSTORE_DATABASE_URL: logUrl }),
  });

/** Returns the rows of a statement, as a superuser. */
export const queryOn = async <Row extends object>(url: string, sql: string): Promise<readonly Row[]> => {
  const db = new pg.Client(url);
  await db.connect();
  return db
    .query<Row>(sql)
    .then(({ rows }) => rows)
    .finally(() => db.end());
};

/** Starts an event store on a database for one test. Returns its URL. */
export const storeOn = async (databaseUrl: string): Promise<string> => {
  const server = await startEventStore({ access: 'INSECURE', databaseUrl, port: 0 });
  onTestFinished(() => server.stop());
  return `esdb://127.0.0.1:${server.port}?tls=false`;
};

/** Activates a device with a name on a license. */
export const nameDevice = async (ledger: Ledger, licenseKey: string, name: string): Promise<void> => {
  const body = { licenseKey, fingerprint: name, name };
  const { status } = await ledger.call('POST', '/v1/licenses/activate', { key: ledger.a.apiKey, body });
  if (status !== 201) throw new Error(`The device ${name} was not activated: ${status}.`);
};
