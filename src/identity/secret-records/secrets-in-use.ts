import type { ClientBase } from 'pg';

/**
 * Returns the ids of the secrets that working license keys and API keys name. Reads all of them. A key that the read models
 * do not contain counts unless a newer one replaced it. As ledger_owner in a transaction, also before this build has migrated
 * the database: it reads tables that any build created, and returns nothing where they do not exist.
 */
export const readSecretsInUse = async (db: ClientBase): Promise<readonly string[]> => {
  const there = await tablesThere(db);
  await db.query('set local statement_timeout = 0');
  await db.query('set local role ledger_auth');
  const hashes = there.apiKeys ? await readApiKeyHashes(db, there.rotatedApiKeys) : [];
  await db.query('set local role ledger_projector');
  const ids = [
    ...(await secretsOfApiKeys(db, hashes, there.apiKeyModels)),
    ...(there.licenseKeys ? await secretsOfLicenseKeys(db) : []),
  ];
  await db.query('set local role ledger_owner');
  return [...new Set(ids)].sort();
};

/**
 * Returns the ids of the secrets that the working ones among 1,000 license keys name, so that its cost does not grow with their
 * number. As ledger_owner in a transaction.
 */
export const sampleSecretsInUse = async (db: ClientBase): Promise<readonly string[]> => {
  if (!(await tablesThere(db)).licenseKeys) return [];
  await db.query('set local role ledger_projector');
  const { rows } = await db.query<{ id: string }>(
    `select distinct k.secret_id as id from (select license_id, key_version, secret_id from rm.license_keys
        order by license_id, key_version limit 1000) k
      join rm.licenses l on l.license_id = k.license_id
      where l.revoked_at is null and k.key_version = l.key_version`,
  );
  await db.query('set local role ledger_owner');
  return rows.map(({ id }) => id);
};

/** Returns true when the database had data before this start: events were projected, or API keys were created. */
export const hasEarlierData = async (db: ClientBase): Promise<boolean> => {
  await db.query('set local role ledger_auth');
  const { rows: keys } = await db.query('select from identity.api_keys limit 1');
  await db.query('set local role ledger_owner');
  const { rows: checkpoints } = await db.query('select from ops.checkpoints where commit_position is not null limit 1');
  return keys.length + checkpoints.length > 0;
};

type Tables = {
  readonly apiKeys: boolean;
  readonly rotatedApiKeys: boolean;
  readonly apiKeyModels: boolean;
  readonly licenseKeys: boolean;
};

const tablesThere = async (db: ClientBase): Promise<Tables> => {
  const { rows } = await db.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('identity', 'rm')`,
  );
  const names = new Set(rows.map(({ name }) => name));
  return {
    apiKeys: names.has('identity.api_keys'),
    rotatedApiKeys: names.has('identity.api_key_secrets'),
    apiKeyModels: names.has('rm.api_keys'),
    licenseKeys: names.has('rm.license_keys') && names.has('rm.licenses'),
  };
};

type ApiKeyHash = {
  readonly apiKeyId: string;
  readonly secretRef: string | null;
  readonly id: string;
  readonly isNewest: boolean;
};

/** Returns which secrets the hashes of API keys name that are not revoked. Never a hash. */
const readApiKeyHashes = async (db: ClientBase, areRotated: boolean): Promise<readonly ApiKeyHash[]> => {
  const rotated = `union all select k.api_key_id, s.secret_ref, s.secret_id, s.created_at
    from identity.api_key_secrets s join identity.api_keys k on k.api_key_id = s.api_key_id where k.revoked_at is null`;
  const { rows } = await db.query<ApiKeyHash>(
    `select h.api_key_id as "apiKeyId", h.secret_ref as "secretRef", h.secret_id as id,
        row_number() over (partition by h.api_key_id order by h.secret_ref is null, h.created_at desc) = 1 as "isNewest"
      from (select k.api_key_id, null as secret_ref, k.secret_id, k.created_at
        from identity.api_keys k where k.revoked_at is null ${areRotated ? rotated : ''}) h`,
  );
  return rows;
};

const secretsOfApiKeys = async (
  db: ClientBase,
  hashes: readonly ApiKeyHash[],
  areProjected: boolean,
): Promise<readonly string[]> => {
  if (!areProjected) return hashes.filter(({ isNewest }) => isNewest).map(({ id }) => id);
  // A row as JSON has no error for a column that an earlier build did not have.
  const { rows } = await db.query<{ id: string }>(
    `select distinct h.id from jsonb_to_recordset($1::jsonb) h("apiKeyId" text, "secretRef" text, id text, "isNewest" boolean)
      left join lateral (select to_jsonb(k) as model from rm.api_keys k where k.api_key_id = h."apiKeyId") m on true
      where case when m.model is null then h."isNewest" else
        m.model->>'revoked_at' is null and coalesce((m.model->>'expires_at')::timestamptz > now(), true)
          and (m.model->>'secret_ref' is not distinct from h."secretRef"
            or coalesce((m.model->>'overlap_until')::timestamptz > now(), false)
              and m.model->>'previous_secret_ref' is not distinct from h."secretRef") end`,
    [JSON.stringify(hashes)],
  );
  return rows.map(({ id }) => id);
};

const secretsOfLicenseKeys = async (db: ClientBase): Promise<readonly string[]> => {
  const { rows } = await db.query<{ id: string }>(
    `select distinct k.secret_id as id from rm.license_keys k left join (select license_id, revoked_at, key_version, to_jsonb(x)->'more'->'keyOverlaps' as overlaps
        from rm.licenses x) l on l.license_id = k.license_id
      where case when l.license_id is null then not exists (select from rm.license_keys later
          where later.issuer_org_id = k.issuer_org_id and later.license_id = k.license_id
            and later.key_version > k.key_version)
        else l.revoked_at is null and (k.key_version = l.key_version
          or exists (select from jsonb_to_recordset(coalesce(l.overlaps, '[]'))
            o("keyVersion" int, until timestamptz) where o."keyVersion" = k.key_version and o.until > now())) end`,
  );
  return rows.map(({ id }) => id);
};
