import type { PoolClient } from 'pg';
import { readLicense, selectLicense } from '../tables/licenses.ts';
import { holdersNamed } from './holders-named.ts';
import type { LicenseView } from './license-by-id.ts';

/** Lists what a license can be found by. */
export const searchKinds = [
  'LICENSE_KEY',
  'KEY_HINT',
  'LICENSE_ID',
  'EXTERNAL_REF',
  'HOLDER_NAME',
  'DEVICE',
  'DEVICE_NAME',
  'USER',
] as const;
export type SearchKind = (typeof searchKinds)[number];

/** The forms of the searched text. A kind whose form is missing or empty finds nothing. */
export type SearchTerms = {
  readonly text: string;
  /** The hashes of the text as a license key, by each secret. */
  readonly keyHashes: readonly Buffer[];
  /** The text as the last group of a key. Null when it has another form. */
  readonly keyHint: string | null;
  /** The text as a license id. Null when it has another form. */
  readonly licenseId: string | null;
  /** The hashes of the text as a fingerprint, under each issuer of the organization's licenses. */
  readonly fingerprintHashes: readonly Buffer[];
  readonly userRefs: readonly string[];
};

type Search = { readonly orgId: string; readonly terms: SearchTerms; readonly limit: number };

/**
 * Returns the ids of licenses that the organization issues or holds and that the terms find by one kind, the newest
 * first, at most `limit`. Also returns ids of other licenses for LICENSE_KEY. For asTenant of the same organization.
 */
export const findBy = async (db: PoolClient, kind: SearchKind, search: Search): Promise<readonly string[]> => {
  const { text, keyHashes, keyHint, licenseId, fingerprintHashes, userRefs } = search.terms;
  switch (kind) {
    case 'LICENSE_KEY':
      return idsOf(db, 'search-by-key', keyQuery, [keyHashes]);
    case 'KEY_HINT':
      return keyHint === null ? [] : bySide(db, search, 'key_hint', keyHint);
    case 'LICENSE_ID':
      return licenseId === null ? [] : [licenseId];
    case 'EXTERNAL_REF':
      return bySide(db, search, 'external_ref_lower', text);
    case 'HOLDER_NAME': {
      if (text.length < nameMin) return [];
      const holders = await holdersNamed(db, text);
      return holders.length === 0
        ? []
        : idsOf(db, 'search-by-holder', holderQuery, [search.orgId, search.limit, holders]);
    }
    case 'DEVICE':
      return fingerprintHashes.length === 0
        ? []
        : idsOf(db, 'search-by-device', deviceQuery, [search.limit, fingerprintHashes]);
    case 'DEVICE_NAME':
      return idsOf(db, 'search-by-device-name', deviceNameQuery, [search.orgId, search.limit, text]);
    case 'USER':
      return userRefs.length === 0 ? [] : idsOf(db, 'search-by-user', userQuery, [search.limit, userRefs]);
  }
};

/** Reads the licenses of these ids that the tenant of `db` issues or holds, the newest first, at most `limit`. */
export const licensesByIds = async (
  db: PoolClient,
  licenseIds: readonly string[],
  limit: number,
): Promise<readonly LicenseView[]> => {
  if (licenseIds.length === 0) return [];
  const { rows } = await db.query<[LicenseView['metadata'], ...unknown[]]>({
    name: 'licenses-by-ids',
    text: `select m.metadata, ${selectLicense('l')}
      from rm.licenses l left join vault.license_metadata m using (license_id)
      where l.license_id = any($1) order by l.created_at desc, l.license_id desc limit $2`,
    values: [licenseIds, limit],
    rowMode: 'array',
  });
  return rows.map((row) => ({ ...readLicense(row, 1), metadata: row[0] }));
};

/** Returns the organization and the issuers of the licenses that it holds, at most `limit`. */
export const issuersOfHeld = (db: PoolClient, orgId: string, limit: number): Promise<readonly string[]> =>
  idsOf(
    db,
    'issuers-of-held',
    'select issuer_org_id from rm.licenses where other_holder_org_id = $1 union select $1 order by 1 limit $2',
    [orgId, limit],
  );

/** The beginning of a name is no search when almost every holder has it. */
const nameMin = 3;

const newest = 'order by l.created_at desc, l.license_id desc limit $2';

// One condition with "or" would prevent the use of an index for each side.
const bySide = (db: PoolClient, { orgId, limit }: Search, column: 'key_hint' | 'external_ref_lower', value: string) => {
  const equals = column === 'key_hint' ? 'l.key_hint = $3' : 'l.external_ref_lower = lower($3)';
  const text = `(select l.license_id from rm.licenses l where l.issuer_org_id = $1 and ${equals} ${newest})
    union (select l.license_id from rm.licenses l where l.other_holder_org_id = $1 and ${equals} ${newest})`;
  return idsOf(db, `search-by-${column}`, text, [orgId, limit, value]);
};

const keyQuery =
  'select k.license_id from unnest($1::bytea[]) hash cross join lateral rm.license_by_key(hash) k where k.license_id is not null';

const holderQuery = `select l.license_id from rm.licenses l
  where l.issuer_org_id = $1 and l.holder_org_id = any($3) ${newest}`;

const deviceQuery = `select a.license_id from rm.activations a
  where a.fingerprint_hash = any($2) and a.deactivated_at is null
  group by a.license_id order by max(a.activated_at) desc limit $1`;

const named = (side: 'issuer_org_id' | 'holder_org_id') => `(select a.license_id from vault.personal_values v
  join rm.activations a on a.activation_id = v.subject and a.name_ref = v.ref and a.deactivated_at is null
  where v.${side} = $1 and v.kind = 'DEVICE_NAME' and v.value = $3
  group by a.license_id order by max(a.activated_at) desc limit $2)`;
const deviceNameQuery = `${named('issuer_org_id')} union ${named('holder_org_id')}`;

const userQuery = `select u.license_id from rm.license_users u
  where u.user_ref = any($2) and u.unassigned_at is null order by u.assigned_at desc limit $1`;

const idsOf = async (
  db: PoolClient,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<readonly string[]> => {
  const { rows } = await db.query<[string]>({ name, text, values: [...values], rowMode: 'array' });
  return rows.map(([id]) => id);
};
