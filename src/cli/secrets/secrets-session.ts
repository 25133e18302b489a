import type { ClientBase } from 'pg';
import { type Config, InvalidConfiguration, loadConfig } from '../../config.ts';
import { readSecrets } from '../../embedded/stored-secrets.ts';
import { hasStarted, type SecretHolder, type StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import {
  asOwner,
  hasSecretRecords,
  readHolders,
  readSecretsInUse,
  readStoredSecrets,
} from '../../identity/secret-records/stored-secrets-table.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { createLog } from '../create-log.ts';
import { joinServers } from '../server/open-servers.ts';
import { loadSecrets } from '../server/secret-place.ts';

/** What a command about secrets works with. */
export type SecretsSession = {
  readonly config: Config;
  /** The secrets of the configuration. */
  readonly secrets: Secrets;
  readonly stored: readonly StoredSecret[];
  /** The running processes. */
  readonly holders: readonly SecretHolder[];
  /** A connection as ledger_owner. */
  readonly db: ClientBase;
  readonly projectorUrl: string;
  /** The clock of Postgres. */
  readonly now: Date;
};

/**
 * Runs work on the secrets of the configuration and of the database, next to a running server or alone. Returns null when no
 * process ever started on this database or data directory.
 */
export const withSecrets = async <T>(work: (session: SecretsSession) => Promise<T>): Promise<T | null> => {
  const config = loadConfig();
  if (config.servers.mode === 'embedded' && !('postgres-password' in (await readSecrets(config.dataDir)))) return null;
  const secrets = await loadSecrets(config, () => {
    throw new InvalidConfiguration(`${config.dataDir} has no LEDGER_SECRET yet. \`ledger start\` creates it.`);
  });
  const log = createLog(config.logLevel);
  const servers = await joinServers(config, (line) => log.debug(line), { migrates: false });
  const { databaseUrl, projectorUrl } = servers;
  try {
    return await asOwner(databaseUrl, async (db) => {
      if (!(await hasSecretRecords(db))) return null;
      await takeTurn(db);
      const stored = await readKnownSecrets(db);
      if (stored.length === 0) return null;
      const { rows } = await db.query<{ now: Date }>('select now() as now');
      const now = rows[0]?.now ?? new Date();
      return work({ config, secrets, stored, holders: await readHolders(db), db, projectorUrl, now });
    });
  } finally {
    await servers.stop();
  }
};

/** Returns the stored secrets, and before the first recorded start also those of the keys. */
const readKnownSecrets = async (db: ClientBase): Promise<readonly StoredSecret[]> => {
  const stored = await readStoredSecrets(db);
  if (hasStarted(stored)) return stored;
  await db.query(`set statement_timeout = '100s'`);
  const unstored = (await readSecretsInUse(db)).filter((id) => !stored.some((secret) => secret.id === id));
  const [firstSignedAt, lastSignedAt, check] = [new Date(0), new Date(), Buffer.alloc(0)];
  return [...stored, ...unstored.map((id) => ({ id, check, firstSignedAt, lastSignedAt, retiredAt: null }))];
};

// One rotation at a time. Its end, or that of its connection, releases the lock.
const takeTurn = async (db: ClientBase): Promise<void> => {
  const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [rotationLock]);
  if (rows[0]?.taken !== true)
    throw new Error('Another `ledger secrets` command runs. Repeat this one when it has ended.');
};

const rotationLock = 7_203_114_559;
