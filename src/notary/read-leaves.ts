import type { Pool } from 'pg';
import { mustBe } from '../proof/invalid.ts';
import { leafBytes } from '../proof/leaf.ts';
import { leafHash } from '../proof/tree/merkle-hashes.ts';
import { nodeSha256 } from '../signing/log-keys.ts';

/**
 * Returns the hashes of the leaves of an issuer from this index on, at most `count`. Reads only rows that a projector has
 * committed, with a single statement, so a switch of the read models cannot come between. Throws InvalidProof when an
 * entry is missing or is not a leaf.
 */
export const readLeafHashes = async (
  pool: Pool,
  issuerOrgId: string,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly Uint8Array[]> => {
  const { rows } = await pool.query<EntryRow>({
    name: 'leaves',
    text: `select log_index, encode(hash, 'hex'), event_id, floor(extract(epoch from recorded_at) * 1000)::bigint, revision, stream
      from rm.log_entries where issuer_org_id = $1 and log_index >= $2 and log_index < $2::bigint + $3::bigint order by log_index`,
    values: [issuerOrgId, from, count],
    rowMode: 'array',
  });
  return rows.map(([index, hash, id, recordedMs, revision, stream], at) => {
    mustBe(Number(index) === from + at, `The log of ${issuerOrgId} has no entry ${from + at}, but later ones.`);
    const recordedAt = new Date(Number(recordedMs)).toISOString();
    return leafHash(leafBytes({ hash, id, recordedAt, revision: Number(revision), stream }), nodeSha256);
  });
};

type EntryRow = [index: string, hash: string, id: string, recordedMs: string, revision: string, stream: string];
