import type { Pool, PoolClient } from 'pg';

/** The issuer of a value, and the stream of the event that refers to the value. */
export type ReferencePlace = { readonly issuerOrgId: string; readonly stream: string };

/** A reference that a stored event may or may not contain. `since`: when it was last claimed. */
export type OpenReference = ReferencePlace & { readonly ref: string; readonly since: string };

/**
 * Records that an event of the stream is about to contain these references. Returns the references to erased values.
 * Nobody else claims, erases or settles them until the transaction ends. As the issuer.
 */
export const claimReferences = async (
  db: PoolClient,
  { issuerOrgId, stream }: ReferencePlace,
  refs: readonly string[],
): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query<{ ref: string; erased: boolean }>({
    name: 'claim-references',
    text: `insert into ops.vault_references (issuer_org_id, stream, ref)
      select $1, $2, ref from unnest($3::text[]) ref order by ref
      on conflict (issuer_org_id, ref) do update set since = clock_timestamp() returning ref, erased`,
    values: [issuerOrgId, stream, refs],
  });
  return new Set(rows.filter(({ erased }) => erased).map(({ ref }) => ref));
};

/** Records permanently that the value of a reference was erased. As the issuer. */
export const noteErased = async (db: PoolClient, issuerOrgId: string, ref: string): Promise<void> => {
  await db.query({
    name: 'note-erased',
    text: `insert into ops.vault_references (issuer_org_id, ref, erased) values ($1, $2, true)
      on conflict (issuer_org_id, ref) do update set erased = true`,
    values: [issuerOrgId, ref],
  });
};

/** Removes claims on references that no event will contain. As the issuer. */
export const dropReferences = async (db: PoolClient, refs: readonly string[]): Promise<void> => {
  await db.query({
    name: 'drop-references',
    text: 'delete from ops.vault_references where ref = any($1) and not erased',
    values: [refs],
  });
};

/** Removes an unchanged claim. Returns false when it was claimed again, erased or settled since. As the issuer. */
export const settleReference = async (db: PoolClient, { ref, since }: OpenReference): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'settle-reference',
    text: 'delete from ops.vault_references where ref = $1 and since = $2::timestamptz and not erased',
    values: [ref, since],
  });
  return rowCount === 1;
};

/** Returns a page of the claims that are older than 25 hours, the oldest first, after `after`. As ledger_worker. */
export const openReferences = async (
  db: Pool,
  { limit, after }: { readonly limit: number; readonly after: OpenReference | null },
): Promise<readonly OpenReference[]> => {
  const { rows } = await db.query<OpenReference>({
    name: 'open-references',
    text: `select issuer_org_id as "issuerOrgId", stream, ref, since::text as since from ops.vault_references
      where not erased and stream is not null and ($1::timestamptz is null or (since, ref) > ($1, $2))
      order by since, ref limit $3`,
    values: [after?.since ?? null, after?.ref ?? null, limit],
  });
  return rows;
};
