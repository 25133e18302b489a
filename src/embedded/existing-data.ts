import { stat } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { places } from './data-directory.ts';
import { errorCode, errorText, NoData } from './errors.ts';
import { readSecrets } from './stored-secrets.ts';

/**
 * Checks that embedded servers ran on a data directory, and changes nothing. Throws NoData when it is missing, empty or
 * of another program.
 */
export const requireData = async (dataDir: string): Promise<void> => {
  const { marker, postgres } = places(dataDir);
  if (!(await exists(dataDir))) throw noData(dataDir, 'does not exist');
  if (!(await exists(marker))) throw noData(dataDir, 'is not a data directory of License Ledger');
  // A first start that was killed leaves no whole database.
  if (!(await exists(path.join(postgres, 'PG_VERSION')))) throw noData(dataDir, 'contains no database yet');
};

/** Checks that the Postgres of a data directory has both databases. `url`: the URL of the superuser. */
export const requireDatabases = async (dataDir: string, url: string): Promise<void> => {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query(`select from pg_database where datname in ('ledger', 'eventstore')`);
    if (rows.length < 2) throw noData(dataDir, 'contains no database yet');
  } finally {
    await client.end();
  }
};

/** Returns a stored secret. Throws when it is missing, and creates nothing. */
export const existingSecret = async (dataDir: string, name: string): Promise<string> => {
  const secret = (await readSecrets(dataDir))[name];
  if (secret === undefined)
    throw new Error(
      `${path.join(dataDir, 'secrets.json')} lacks ${name}. Restore the secrets.json that belongs to this data.`,
    );
  return secret;
};

const noData = (dataDir: string, state: string): NoData =>
  new NoData(
    `There is nothing to work with: ${dataDir} ${state}. Set LEDGER_DATA_DIR to the data directory of your server. ` +
      'Without it, commands use .ledger in the current directory.',
  );

const exists = async (file: string): Promise<boolean> => {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw new Error(`Cannot read ${file}: ${errorText(error)}`);
  }
};
