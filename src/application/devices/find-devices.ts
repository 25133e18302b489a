import type { PoolClient } from 'pg';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import {
  type DeviceFilters,
  type DevicePlace,
  deviceIssuers,
  searchDevices,
} from '../../projections/queries/device-search.ts';
import type { ActivationView } from '../../projections/tables/activations.ts';

/** Filters of devices. `fingerprint`: as the client sends it. An absent filter lets all devices through. */
export type DeviceSearch = Omit<DeviceFilters, 'fingerprintHashes'> & { readonly fingerprint?: string | undefined };

/** A page of a search. `after`: where the previous page ended; null: the first page. */
type SearchPage = { readonly orgId: string; readonly limit: number; readonly after: DevicePlace | null };

/**
 * Returns a page of the active devices of the licenses that the organization of `db` issues or holds, newest first. A
 * change that has fallen due ends devices here once it is recorded.
 */
export const findDevices = async (
  db: PoolClient,
  secrets: Secrets,
  page: SearchPage,
  { fingerprint, ...filters }: DeviceSearch,
): Promise<readonly ActivationView[]> => {
  if (fingerprint === undefined) return searchDevices(db, { ...filters, ...page });
  // Each issuer stores the same device under a hash of its own.
  const issuers = await deviceIssuers(db, page.orgId);
  const hashes = issuers.flatMap((issuer) => fingerprintHashes(secrets, issuer, fingerprint));
  return searchDevices(db, { ...filters, ...page, fingerprintHashes: hashes });
};
