import type { ClientBase } from 'pg';
import type { Leaf } from '../../proof/leaf.ts';

/** Yields the leaves of an issuer's log from the first index on, in pages of 2,000. As a role that may read the log. */
export async function* readLeaves(db: ClientBase, issuerOrgId: string): AsyncGenerator<readonly Leaf[]> {
  for (let after = -1n; ; ) {
    const { rows } = await db.query<LeafRow>({
      name: 'leaves-after',
      text: `select log_index, encode(hash, 'hex') as hash, event_id, stream, revision, recorded_at from log_entries
        where issuer_org_id = $1 and log_index > $2 order by log_index limit $3`,
      values: [issuerOrgId, after, pageMax],
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(leafOf);
    after = BigInt(last.log_index);
  }
}

type LeafRow = {
  readonly log_index: string;
  readonly hash: string;
  readonly event_id: string;
  readonly stream: string;
  readonly revision: string;
  readonly recorded_at: Date;
};

const leafOf = ({ hash, event_id: id, stream, revision, recorded_at: recordedAt }: LeafRow): Leaf => ({
  ...{ hash, id, stream, revision: Number(revision), recordedAt: recordedAt.toISOString() },
});

const pageMax = 2_000;
