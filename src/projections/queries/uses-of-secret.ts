import type { ClientBase } from 'pg';

/** What to count: hashes with this secret's id, and rows without an id that were created while it signed. */
export type SecretPeriod = { readonly id: string; readonly from: Date; readonly until: Date };

/** An API key and the reference of one of its hashes. Null: the hash of the creation. */
export type ApiKeyHash = { readonly apiKeyId: string; readonly secretRef: string | null };

/** How many rows of the read models need a secret. */
export type UsesInReadModels = {
  readonly licenseKeys: number;
  readonly apiKeys: number;
  readonly devices: number;
  readonly seats: number;
  readonly users: number;
  readonly invitations: number;
};

/**
 * Counts what needs a secret: keys that still work and name it, and devices, seats, users and invitations that were recorded
 * while it signed. Keys of revoked licenses do not count. `hashes`: those of API keys under the secret. As ledger_projector.
 */
export const countUsesOfSecret = async (
  db: ClientBase,
  { id, from, until }: SecretPeriod,
  hashes: readonly ApiKeyHash[],
): Promise<UsesInReadModels> => {
  const { rows } = await db.query<Record<keyof UsesInReadModels, string>>(
    `select
      (select count(*) from rm.license_keys k join rm.licenses l on l.license_id = k.license_id
        where k.secret_id = $1 and l.revoked_at is null and (k.key_version = l.key_version
          or exists (select from jsonb_to_recordset(l.more->'keyOverlaps') o("keyVersion" int, until timestamptz)
            where o."keyVersion" = k.key_version and o.until > now()))) as "licenseKeys",
      (select count(*) from jsonb_to_recordset($4::jsonb) h("apiKeyId" text, "secretRef" text)
        join rm.api_keys k on k.api_key_id = h."apiKeyId"
        where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
          and (k.secret_ref is not distinct from h."secretRef"
            or k.overlap_until > now() and k.previous_secret_ref is not distinct from h."secretRef")) as "apiKeys",
      (select count(*) from rm.activations a
        where a.deactivated_at is null and a.activated_at between $2 and $3) as devices,
      (select count(*) from rm.leases s where s.ended_at is null and s.acquired_at between $2 and $3) as seats,
      (select count(*) from rm.license_users u
        where u.unassigned_at is null and u.assigned_at between $2 and $3) as users,
      (select count(*) from rm.invitations i where i.withdrawn_at is null and i.accepted_at is null
        and i.expires_at > now() and i.invited_at between $2 and $3) as invitations`,
    [id, from, until, JSON.stringify(hashes)],
  );
  const count = (name: keyof UsesInReadModels) => Number(rows[0]?.[name] ?? 0);
  return {
    ...{ licenseKeys: count('licenseKeys'), apiKeys: count('apiKeys'), devices: count('devices') },
    ...{ seats: count('seats'), users: count('users'), invitations: count('invitations') },
  };
};
