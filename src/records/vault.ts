import type { PoolClient } from 'pg';
import type { Instant } from '../domain/time.ts';
import type { JsonObject } from '../eventstore/event-store.ts';
import { claimReferences, dropReferences, noteErased } from './vault-references.ts';

/**
 * A personal value that events refer to by `ref`. `subject`: the id of the license, activation, invitation or project
 * that it is about. PROJECT_METADATA and DEVICE_METADATA are JSON objects as text.
 */
export type PersonalValue = {
  readonly ref: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly kind: 'DEVICE_NAME' | 'REASON_TEXT' | 'EMAIL' | 'PROJECT_METADATA' | 'DEVICE_METADATA';
  readonly subject: string;
  readonly value: string;
};

/**
 * Stores a value before the event that refers to it. Returns false, and keeps the value, when there is one. As its
 * issuer.
 */
export const storeValue = async (db: PoolClient, value: PersonalValue): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'store-value',
    text: `insert into vault.personal_values (ref, issuer_org_id, holder_org_id, kind, subject, value)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (ref) do nothing`,
    values: [value.ref, value.issuerOrgId, value.holderOrgId, value.kind, value.subject, value.value],
  });
  return rowCount === 1;
};

/**
 * Stores values before the event of `stream` that refers to them, and returns the new ones. Keeps existing values, and
 * does not store an erased value again. As their issuer.
 */
export const storeValues = async (
  db: PoolClient,
  stream: string,
  values: readonly PersonalValue[],
): Promise<readonly PersonalValue[]> => {
  const [first] = values;
  if (first === undefined) return [];
  const { issuerOrgId } = first;
  const erased = await claimReferences(
    db,
    { issuerOrgId, stream },
    values.map(({ ref }) => ref),
  );
  const stored: PersonalValue[] = [];
  for (const value of values) if (!erased.has(value.ref) && (await storeValue(db, value))) stored.push(value);
  return stored;
};

/** Removes values that no event refers to or will refer to. As their issuer. */
export const takeBackValues = async (db: PoolClient, values: readonly PersonalValue[]): Promise<void> => {
  await dropReferences(
    db,
    values.map(({ ref }) => ref),
  );
  for (const { ref } of values) await removeValue(db, ref);
};

/** Erases a value permanently. The events that refer to it stay as they are. As its issuer. */
export const eraseValue = async (db: PoolClient, issuerOrgId: string, ref: string): Promise<void> => {
  await noteErased(db, issuerOrgId, ref);
  await removeValue(db, ref);
};

/** Erases values permanently. Does nothing for a reference whose value was erased before. As their issuer. */
export const eraseValues = async (db: PoolClient, issuerOrgId: string, refs: readonly string[]): Promise<void> => {
  const { rows } = await db.query<{ ref: string }>({
    name: 'stored-refs',
    text: 'select ref from vault.personal_values where ref = any($1)',
    values: [refs],
  });
  for (const { ref } of rows) await eraseValue(db, issuerOrgId, ref);
};

/** Deletes a value. Returns false when there was none. As its issuer. */
export const removeValue = async (db: PoolClient, ref: string): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'remove-value',
    text: 'delete from vault.personal_values where ref = $1',
    values: [ref],
  });
  return rowCount === 1;
};

/** The holder of a license, if any, and the references of the names and metadata of its devices. */
export type Holding = { readonly holderOrgId: string | null; readonly names: readonly string[] };

/** Lets only the holder and the issuer read the metadata of a license and the names of its devices. As its issuer. */
export const giveValues = async (db: PoolClient, licenseId: string, { holderOrgId, names }: Holding): Promise<void> => {
  await db.query({
    name: 'give-metadata',
    text: 'update vault.license_metadata set holder_org_id = $2 where license_id = $1',
    values: [licenseId, holderOrgId],
  });
  await db.query({
    name: 'give-values',
    text: 'update vault.personal_values set holder_org_id = $2 where ref = any($1)',
    values: [names, holderOrgId],
  });
};

/** Returns the value of a reference. Returns null when it was erased. As its issuer or holder. */
export const valueAt = async (db: PoolClient, ref: string): Promise<string | null> => {
  const { rows } = await db.query<{ value: string }>({
    name: 'value-at',
    text: 'select value from vault.personal_values where ref = $1',
    values: [ref],
  });
  return rows[0]?.value ?? null;
};

/** Returns true when the value of a reference is equal JSON, in any order of names. As its issuer or holder. */
export const isValue = async (db: PoolClient, ref: string, json: string): Promise<boolean> => {
  const { rows } = await db.query<{ same: boolean }>({
    name: 'is-value',
    text: 'select value::jsonb = $2::jsonb as same from vault.personal_values where ref = $1',
    values: [ref, json],
  });
  return rows[0]?.same === true;
};

type LicenseMetadata = {
  readonly licenseId: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly metadata: JsonObject;
  /** When the license was issued. Lists that are filtered by metadata are in its order. */
  readonly createdAt: Instant;
};

/** Stores the metadata of a new license. Keeps metadata that exists already. As its issuer. */
export const firstMetadata = async (db: PoolClient, license: LicenseMetadata): Promise<void> => {
  await db.query({
    name: 'first-metadata',
    text: `insert into vault.license_metadata (license_id, issuer_org_id, holder_org_id, metadata, license_created_at)
      values ($1, $2, $3, $4, $5)
      on conflict (license_id) do nothing`,
    values: valuesOf(license),
  });
};

/**
 * Stores the metadata of a license at a revision, and replaces the previous metadata. With `unlessLater` it keeps
 * metadata of the same or a later revision. As its issuer.
 */
export const storeMetadata = async (
  db: PoolClient,
  license: LicenseMetadata,
  { revision, unlessLater }: { readonly revision: bigint; readonly unlessLater: boolean },
): Promise<void> => {
  await db.query({
    name: 'store-metadata',
    text: `insert into vault.license_metadata as m
        (license_id, issuer_org_id, holder_org_id, metadata, license_created_at, revision)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (license_id) do update set metadata = excluded.metadata, revision = excluded.revision,
        license_created_at = excluded.license_created_at
        where not $7 or m.revision is null or m.revision < excluded.revision`,
    values: [...valuesOf(license), revision, unlessLater],
  });
};

const valuesOf = ({ licenseId, issuerOrgId, holderOrgId, metadata, createdAt }: LicenseMetadata): (string | null)[] => [
  licenseId,
  issuerOrgId,
  holderOrgId,
  JSON.stringify(metadata),
  createdAt,
];
