import type { ClientBase } from 'pg';
import { type Config, InvalidConfiguration, loadConfig } from '../../config.ts';
import { readSecrets } from '../../embedded/stored-secrets.ts';
import type { SecretHolder, StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import { readSecretsInUse } from '../../identity/secret-records/secrets-in-use.ts';
import {
  asOwner,
  hasSecretRecords,
  inTransaction,
  isWithoutOwner,
  noteSignedBefore,
  readHolders,
  readStoredSecrets,
} from '../../identity/secret-records/stored-secrets-table.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { createLog } from '../create-log.ts';
import { joinServers } from '../server/open-servers.ts';
import { noPatience, reachPostgres } from '../server/reach-servers.ts';
import { loadSecrets } from '../server/secret-place.ts';

/** What a command about secrets works with. */
export type SecretsSession = {
  readonly config: Config;
  /** The secrets of the configuration. */
  readonly secrets: Secrets;
  /** The recorded secrets, and those of keys that were not recorded. */
  readonly stored: readonly StoredSecret[];
  /** False: an earlier build has migrated the database, so nothing is recorded in it. `migrate` changes that. */
  readonly hasRecords: boolean;
  readonly migrate: () => Promise<void>;
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
 * process ever started on this database or data directory, and without `readsEarlier` also when only earlier builds did.
 */
export const withSecrets = async <T>(
  work: (session: SecretsSession) => Promise<T>,
  { readsEarlier } = { readsEarlier: false },
): Promise<T | null> => {
  const config = loadConfig(undefined, { judgesSecret: false });
  if (config.servers.mode === 'embedded' && !('postgres-password' in (await readSecrets(config.dataDir)))) return null;
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await joinServers(config, (line) => log.debug(line), 'READ');
  const { databaseUrl, projectorUrl } = servers;
  let isOwner = false;
  const onOwner = async (db: ClientBase): Promise<T | null> => {
    isOwner = true;
    await db.query('set statement_timeout = 0');
    const hasRecords = await hasSecretRecords(db);
    if (!hasRecords && !readsEarlier) return null;
    await takeTurn(db);
    const stored = await inTransaction(db, () => readKnownSecrets(db, hasRecords));
    if (stored.length === 0) return null;
    const holders = hasRecords ? await readHolders(db) : [];
    const { rows } = await db.query<{ now: Date }>('select now() as now');
    const now = rows[0]?.now ?? new Date();
    const migrate = () => prepareDatabase({ url: databaseUrl, log: (fields, message) => log.info(fields, message) });
    return work({ ...(await readConfigured()), stored, hasRecords, holders, db, projectorUrl, now, migrate });
  };
  try {
    await reachPostgres(servers, noPatience);
    // A count reads whole tables, which may take minutes.
    return await asOwner(databaseUrl, onOwner, noTimeout);
  } catch (error) {
    if (!isOwner && isWithoutOwner(error)) return null;
    throw error;
  } finally {
    await servers.stop();
  }
};

const noTimeout = 0;

/** Reads the configuration when it is this command's turn: the previous command may have changed the file. */
const readConfigured = async (): Promise<Pick<SecretsSession, 'config' | 'secrets'>> => {
  const config = loadConfig(undefined, { judgesSecret: false });
  const secrets = await loadSecrets(config, () => {
    throw new InvalidConfiguration(`${config.dataDir} has no LEDGER_SECRET yet. \`ledger start\` creates it.`);
  });
  return { config, secrets };
};

/** Returns the recorded secrets, and those that working keys name and nobody recorded. */
const readKnownSecrets = async (db: ClientBase, hasRecords: boolean): Promise<readonly StoredSecret[]> => {
  const inUse = await readSecretsInUse(db);
  if (hasRecords) await noteSignedBefore(db, inUse);
  const stored = hasRecords ? await readStoredSecrets(db) : [];
  const unstored = inUse.filter((id) => !stored.some((secret) => secret.id === id));
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
