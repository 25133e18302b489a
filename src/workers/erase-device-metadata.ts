import type { Pool } from 'pg';
import { groupBy } from '../domain/group-by.ts';
import { asTenant } from '../postgres/tenant.ts';
import { type EndedMetadata, endedMetadata } from '../projections/queries/ended-metadata.ts';
import { eraseValues } from '../records/vault.ts';

type Needs = {
  /** A pool with the role ledger_worker. */
  readonly pool: Pool;
  /** A pool with the role ledger_api, which erases values as their issuer. */
  readonly apiPool: Pool;
  readonly signal?: AbortSignal;
  /** The number of devices to read at once. Default: 500. */
  readonly pageMax?: number;
};

/**
 * Erases the metadata of devices that have ended in any way, because nobody can read or change it any longer. Erased
 * metadata stays erased, so repetitions and concurrent runs are harmless. Throws when Postgres fails; the next run
 * continues.
 */
export const eraseDeviceMetadata = async ({ pool, apiPool, signal, pageMax = 500 }: Needs): Promise<void> => {
  let after: string | null = null;
  while (signal?.aborted !== true) {
    const page: readonly EndedMetadata[] = await endedMetadata(pool, { limit: pageMax, after });
    for (const [issuerOrgId, ended] of groupBy(page, (metadata) => metadata.issuerOrgId)) {
      const refs = ended.map(({ metadataRef }) => metadataRef);
      await asTenant(apiPool, issuerOrgId, (db) => eraseValues(db, issuerOrgId, refs), { readOnly: false });
    }
    after = page.at(-1)?.activationId ?? null;
    if (page.length < pageMax) return;
  }
};
