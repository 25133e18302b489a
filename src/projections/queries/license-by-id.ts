import type { PoolClient } from 'pg';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { readLicense, type StoredLicense, selectLicense } from '../tables/licenses.ts';
import { isParkedIn } from './parked-licenses.ts';

/** A license as the API shows it. `metadata` null: it has none. */
export type LicenseView = StoredLicense & { readonly metadata: JsonObject | null };

/**
 * Reads the row of a license that the tenant of `db` issues or holds. Returns null for any other license. `isParked`:
 * the stream has later events that the row lacks.
 */
export const licenseById = async (
  db: PoolClient,
  licenseId: string,
): Promise<(LicenseView & { readonly isParked: boolean }) | null> => {
  const { rows } = await db.query<[JsonObject | null, boolean, ...unknown[]]>({
    name: 'license-by-id',
    text: licenseByIdQuery,
    values: [licenseId],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [metadata, isParked] = row;
  return { ...readLicense(row, 2), metadata, isParked };
};

const licenseByIdQuery = `select m.metadata, ${isParkedIn('l.license_id')}, ${selectLicense('l')}
  from rm.licenses l left join vault.license_metadata m using (license_id) where l.license_id = $1`;

/** Returns those of the ids that are licenses which an organization has issued. For asTenant of it. */
export const issuedAmong = async (
  db: PoolClient,
  issuerOrgId: string,
  licenseIds: readonly string[],
): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query<{ license_id: string }>({
    name: 'issued-among',
    text: 'select license_id from rm.licenses where license_id = any($2) and issuer_org_id = $1',
    values: [issuerOrgId, licenseIds],
  });
  return new Set(rows.map((row) => row.license_id));
};
