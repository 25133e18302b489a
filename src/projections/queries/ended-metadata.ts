import type { Pool } from 'pg';

/** The metadata of a device that has ended, by its reference in `vault`. */
export type EndedMetadata = {
  readonly activationId: string;
  readonly issuerOrgId: string;
  readonly metadataRef: string;
};

/**
 * Returns a page of the ended devices that had metadata, by activation id, after `after`; null: the first page. Their
 * metadata may be erased already. As ledger_worker.
 */
export const endedMetadata = async (
  db: Pool,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<readonly EndedMetadata[]> => {
  const { rows } = await db.query<EndedMetadata>({
    name: 'ended-metadata',
    text: `select activation_id as "activationId", issuer_org_id as "issuerOrgId", metadata_ref as "metadataRef"
      from rm.activations
      where deactivated_at is not null and metadata_ref is not null and activation_id > $2
      order by activation_id limit $1`,
    values: [limit, after ?? ''],
  });
  return rows;
};
