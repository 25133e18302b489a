import type { Pool, PoolClient } from 'pg';
import type { LicenseFacts } from '../domain/license/license.ts';
import type { Instant } from '../domain/time.ts';

/** When a process has seen an active device last, with the version and the product that the device named since. */
export type DeviceSighting = Pick<LicenseFacts, 'issuerOrgId' | 'licenseId'> & {
  holderOrgId: string | null;
  /** In hex, as the activation has it. */
  readonly fingerprintHash: string;
  lastSeenAt: Instant;
  version: string | null;
  product: string | null;
};

/**
 * Records sightings. A device that was recorded less than a minute before stays as it is. `sightings` has no device
 * twice.
 */
export const recordSightings = async (db: PoolClient, sightings: readonly DeviceSighting[]): Promise<void> => {
  const batch: Record<string, object[]> = {};
  for (const sighting of sightings) {
    batch[sighting.issuerOrgId] ??= [];
    batch[sighting.issuerOrgId]?.push({
      license_id: sighting.licenseId,
      fingerprint_hash: sighting.fingerprintHash,
      holder_org_id: sighting.holderOrgId,
      last_seen_at: sighting.lastSeenAt,
      version: sighting.version,
      product: sighting.product,
    });
  }
  await db.query({ name: 'note-sightings', text: 'select ops.note_sightings($1)', values: [JSON.stringify(batch)] });
};

type Place = readonly [issuerOrgId: string, licenseId: string, fingerprintHash: Buffer];

/**
 * Removes devices that were not seen for 400 days, in steps along the key, until the signal is aborted. As
 * ledger_worker. Returns how many rows it removed.
 */
export const purgeSightings = async (db: Pool, signal?: AbortSignal): Promise<number> => {
  let removed = 0;
  let after: Place | undefined = ['', '', Buffer.alloc(0)];
  while (after !== undefined && signal?.aborted !== true) {
    const { rows }: { rows: [...Place, number][] } = await db.query<[...Place, number]>({
      name: 'purge-sightings',
      // No index has the instant, because each sighting would change it.
      text: `with page as (
          select issuer_org_id, license_id, fingerprint_hash, last_seen_at from ops.device_sightings
          where (issuer_org_id, license_id, fingerprint_hash) > ($1, $2, $3)
          order by issuer_org_id, license_id, fingerprint_hash limit $4),
        gone as (
          delete from ops.device_sightings s using page p
          where (s.issuer_org_id, s.license_id, s.fingerprint_hash) = (p.issuer_org_id, p.license_id, p.fingerprint_hash)
            and p.last_seen_at < now() - interval '400 days'
          returning 1)
        select issuer_org_id, license_id, fingerprint_hash, (select count(*)::int from gone) from page
        order by issuer_org_id desc, license_id desc, fingerprint_hash desc limit 1`,
      values: [...after, stepMax],
      rowMode: 'array',
    });
    const last: [...Place, number] | undefined = rows[0];
    removed += last?.[3] ?? 0;
    after = last === undefined ? undefined : [last[0], last[1], last[2]];
  }
  return removed;
};

const stepMax = 5_000;
