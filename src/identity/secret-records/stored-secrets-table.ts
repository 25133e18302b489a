import pg, { type ClientBase } from 'pg';
import { clientConfig } from '../../postgres/pool.ts';
import type { Secret, Secrets } from '../secrets.ts';
import { hasStarted, judgeSecrets, type SecretHolder, type SecretsFault, type StoredSecret } from './judge-secrets.ts';
import { hasEarlierData, readSecretsInUse } from './secrets-in-use.ts';

/** A process as its row in ops.secret_holders names it. */
export type HolderName = {
  readonly processId: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
};

// Longer than reading all license keys takes.
const defaultAnswerTimeoutMs = 120_000;

/**
 * Runs work on one connection as ledger_owner, the only role that may read and write the records of secrets. `url` is that of
 * the login that migrates. `answerTimeoutMs`: how long to wait for a statement; 0: no limit.
 */
export const asOwner = async <T>(
  url: string,
  work: (db: ClientBase) => Promise<T>,
  answerTimeoutMs = defaultAnswerTimeoutMs,
): Promise<T> => {
  const connection = { url, role: 'ledger_owner', applicationName: 'ledger-secrets', answerTimeoutMs } as const;
  const db = new pg.Client(clientConfig(connection));
  // A connection that breaks between two statements fails the next one.
  db.on('error', () => {});
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
};

/** Returns true when the role ledger_owner does not exist, or this login may not take it yet: nothing was migrated. */
export const isWithoutOwner = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && withoutOwner.has(error.code);

const withoutOwner: ReadonlySet<unknown> = new Set(['22023', '42501']);

/** Returns true when the database has the table of secrets: it was migrated by this build or a later one. */
export const hasSecretRecords = async (db: ClientBase): Promise<boolean> => {
  const { rows } = await db.query<{ exists: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'ops' and c.relname = 'secrets') as exists`,
  );
  return rows[0]?.exists === true;
};

/** Returns all secrets of the database, in the order in which they first signed, then those that never did. */
export const readStoredSecrets = async (db: ClientBase): Promise<readonly StoredSecret[]> => {
  const { rows } = await db.query<StoredSecret>(
    `select secret_id as id, check_value as check, first_signed_at as "firstSignedAt", last_signed_at as "lastSignedAt",
        retired_at as "retiredAt"
      from ops.secrets order by first_signed_at nulls last, noted_at, secret_id`,
  );
  return rows;
};

/** Returns the processes that were seen in the last 90 seconds, the oldest first. */
export const readHolders = async (db: ClientBase): Promise<readonly SecretHolder[]> => {
  const { rows } = await db.query<SecretHolder>(
    `select process_id as "processId", host, pid, roles, signing_id as signing, secret_ids as secrets,
        started_at as "startedAt", seen_at as "seenAt"
      from ops.secret_holders where seen_at > now() - interval '90 seconds' order by started_at, process_id`,
  );
  return rows;
};

/**
 * Records the secrets of a process that starts, and the process. Records nothing and returns why when the secrets do
 * not fit what is stored. Of several processes that start on a new database with different secrets, exactly one
 * succeeds. The first process records that the first secret has signed since 1970, and on a database with data also the
 * others. There an earlier build or a restored log has stored what names no secret, so each may have signed it.
 */
export const noteSecrets = (db: ClientBase, secrets: Secrets, name: HolderName): Promise<SecretsFault | null> =>
  inTransaction(db, async () => {
    // Another process may read all license keys meanwhile.
    await db.query(`set local lock_timeout = '100s'; set local statement_timeout = '100s'`);
    await db.query('lock table ops.secrets in share row exclusive mode');
    const stored = await readStoredSecrets(db);
    const isFirst = !hasStarted(stored);
    const inUse = isFirst ? await readSecretsInUse(db) : [];
    const fault = judgeSecrets(secrets, { stored, inUse, holders: await readHolders(db) });
    if (fault !== null) return fault;
    const haveAllSigned = isFirst && (await hasEarlierData(db));
    for (const secret of secrets.all)
      await noteSecret(db, secret, haveAllSigned || (isFirst && secret === secrets.signing));
    await noteSigning(db, secrets.signing.id);
    await noteHolder(db, secrets, name);
    return null;
  });

/** Records a secret that does not sign yet. Does nothing when it is recorded. */
export const noteSecret = async (db: ClientBase, { id, check }: Secret, signedBefore = false): Promise<void> => {
  await db.query(
    `insert into ops.secrets (secret_id, check_value, first_signed_at, last_signed_at)
      values ($1, $2, case when $3 then to_timestamp(0) end, case when $3 then now() end)
      on conflict (secret_id) do nothing`,
    [id, check, signedBefore],
  );
};

/**
 * Records that keys name these secrets, so that some process has signed with them. A log that was restored into an empty
 * database brings such keys after the first start.
 */
export const noteSignedBefore = async (db: ClientBase, ids: readonly string[]): Promise<void> => {
  await db.query(
    `update ops.secrets set first_signed_at = to_timestamp(0), last_signed_at = now()
      where secret_id = any($1) and first_signed_at is null and retired_at is null`,
    [ids],
  );
};

/** Records that a process signs with this secret now. */
const noteSigning = async (db: ClientBase, id: string): Promise<void> => {
  await db.query(
    `update ops.secrets set first_signed_at = coalesce(first_signed_at, now()), last_signed_at = now() where secret_id = $1`,
    [id],
  );
};

/** Records that a process runs and which secret it signs with, and removes rows of processes that ended a day ago. */
export const noteHolder = async (db: ClientBase, { signing, all }: Secrets, name: HolderName): Promise<void> => {
  await db.query(
    `insert into ops.secret_holders (process_id, host, pid, roles, signing_id, secret_ids) values ($1, $2, $3, $4, $5, $6)
      on conflict (process_id) do update set seen_at = now()`,
    [name.processId, name.host, name.pid, name.roles.join(','), signing.id, all.map(({ id }) => id)],
  );
  await noteSigning(db, signing.id);
  await db.query(`delete from ops.secret_holders where seen_at < now() - interval '1 day'`);
};

/** Removes the row of a process that ends. */
export const forgetHolder = async (db: ClientBase, { signing }: Secrets, { processId }: HolderName): Promise<void> => {
  await noteSigning(db, signing.id);
  await db.query('delete from ops.secret_holders where process_id = $1', [processId]);
};

/**
 * Records that a secret is not needed, also when no process recorded it before. Changes nothing and returns false when a process
 * has signed with it since it was read, or runs and signs with it.
 */
export const retireSecret = (
  db: ClientBase,
  { id, lastSignedAt }: Pick<StoredSecret, 'id' | 'lastSignedAt'>,
): Promise<boolean> =>
  inTransaction(db, async () => {
    await db.query(`set local lock_timeout = '100s'`);
    // Starts and signs of life wait for this lock, and this waits for theirs.
    await db.query('lock table ops.secrets in share row exclusive mode');
    const now = (await readStoredSecrets(db)).find((secret) => secret.id === id);
    const hasSigned = now !== undefined && now.lastSignedAt?.getTime() !== lastSignedAt?.getTime();
    if (hasSigned || (await readHolders(db)).some(({ signing }) => signing === id)) return false;
    await db.query(
      `insert into ops.secrets (secret_id, check_value, first_signed_at, last_signed_at, retired_at)
        values ($1, '', to_timestamp(0), now(), now()) on conflict (secret_id) do update set retired_at = now()`,
      [id],
    );
    return true;
  });

/** Runs work in a transaction. A refusal changes nothing, so it may be committed. */
export const inTransaction = async <T>(db: ClientBase, work: () => Promise<T>): Promise<T> => {
  await db.query('begin');
  try {
    const result = await work();
    await db.query('commit');
    return result;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
};
