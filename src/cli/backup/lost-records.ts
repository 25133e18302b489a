import pg from 'pg';
import { clientConfig, type Role } from '../../postgres/pool.ts';

/**
 * What the log refers to and Postgres does not have, because Postgres was restored from before it was written. `apiKeys` and
 * `users`: ids of API keys in force that lack a secret in force, and of members. `values`: the number of names, texts and
 * metadata that nobody erased.
 */
export type LostRecords = {
  readonly apiKeys: readonly string[];
  readonly users: readonly string[];
  readonly values: number;
};

type Databases = { readonly databaseUrl: string; readonly projectorUrl: string };

/**
 * Compares the read models, which must be level with the log, with the logins and personal values. Reads as ledger_projector
 * and as ledger_backup, and changes nothing. Without `withValues` it counts no values, which takes long in a large log.
 */
export const readLostRecords = async (
  { databaseUrl, projectorUrl }: Databases,
  { withValues }: { readonly withValues: boolean },
): Promise<LostRecords> => {
  const models = await connect(projectorUrl, 'ledger_projector');
  // A connection that is left open would keep the command from its end.
  const records = await connect(databaseUrl, 'ledger_backup').catch(async (error: unknown) => {
    await models.end();
    throw error;
  });
  try {
    const lost = async (named: string, isThere: string): Promise<readonly string[]> => {
      const missing: string[] = [];
      for await (const ids of pagesOf(models, named)) {
        const { rows } = await records.query<{ id: string }>(
          `select id from unnest($1::text[]) id where not (${isThere}) order by id`,
          [ids],
        );
        missing.push(...rows.map(({ id }) => id));
      }
      return missing;
    };
    const withoutRow = await lost(
      'select api_key_id as id from rm.api_keys where revoked_at is null',
      'exists (select from identity.api_keys k where k.api_key_id = id)',
    );
    const withoutSecret = await keysOf(
      models,
      await lost(
        `select secret_ref as id from rm.api_keys where revoked_at is null and secret_ref is not null
         union select previous_secret_ref from rm.api_keys
           where revoked_at is null and previous_secret_ref is not null and overlap_until > now()`,
        'exists (select from identity.api_key_secrets s where s.secret_ref = id)',
      ),
    );
    return {
      apiKeys: [...new Set([...withoutRow, ...withoutSecret])].sort(),
      users: await lost(
        'select distinct user_id as id from rm.memberships where removed_at is null',
        'exists (select from identity.users u where u.user_id = id)',
      ),
      values: (withValues
        ? await lost(
            `select name_ref as id from rm.activations where name_ref is not null
           union select metadata_ref from rm.activations where metadata_ref is not null
           union select metadata_ref from rm.projects where metadata_ref is not null
           union select email_ref from rm.invitations
           union select reason_text_ref from rm.license_events where reason_text_ref is not null`,
            `exists (select from vault.personal_values v where v.ref = id)
           or exists (select from ops.vault_references r where r.ref = id and r.erased)`,
          )
        : []
      ).length,
    };
  } finally {
    await Promise.all([models.end(), records.end()]);
  }
};

/** Returns the ids of the API keys with one of these secrets. */
const keysOf = async (models: pg.Client, secretRefs: readonly string[]): Promise<readonly string[]> => {
  if (secretRefs.length === 0) return [];
  const { rows } = await models.query<{ id: string }>(
    'select api_key_id as id from rm.api_keys where secret_ref = any($1) or previous_secret_ref = any($1)',
    [secretRefs],
  );
  return rows.map(({ id }) => id);
};

/** Returns a sentence for each kind of lost record, with what to do. Empty when nothing is lost. */
export const lostSentences = ({ apiKeys, users, values }: LostRecords): readonly string[] => [
  ...(apiKeys.length === 0
    ? []
    : [
        `${apiKeys.length} API keys of the log lack their secret or the newest one in Postgres, and do not work: ${listed(apiKeys)}. Revoke them, and create others.`,
      ]),
  ...(users.length === 0
    ? []
    : [
        `${users.length} members of organizations have no login in Postgres: ${listed(users)}. Remove these members, and invite them again.`,
      ]),
  ...(values === 0 ? [] : [`${values} names, texts or metadata of the log are lost. They are shown as erased.`]),
];

const listed = (ids: readonly string[]): string =>
  ids.length <= shownMax ? ids.join(', ') : `${ids.slice(0, shownMax).join(', ')} and ${ids.length - shownMax} more`;

const shownMax = 5;
const pageRows = 5_000;

// A cursor keeps the memory small with any number of rows.
async function* pagesOf(db: pg.Client, sql: string): AsyncGenerator<readonly string[]> {
  await db.query('begin isolation level repeatable read read only');
  await db.query(`declare ids no scroll cursor for ${sql}`);
  for (;;) {
    const { rows } = await db.query<{ id: string }>(`fetch ${pageRows} from ids`);
    if (rows.length === 0) break;
    yield rows.map(({ id }) => id);
  }
  await db.query('commit');
}

const connect = async (url: string, role: Role): Promise<pg.Client> => {
  const applicationName = 'ledger-lost-records';
  const db = new pg.Client(clientConfig({ url, role, applicationName, answerTimeoutMs: 0 }));
  db.on('error', () => {});
  try {
    await db.connect();
    await db.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0');
    return db;
  } catch (error) {
    await db.end();
    throw error;
  }
};
