import type { Pool } from 'pg';
import type { Signature } from '../proof/notes/signed-notes.ts';

/** A checkpoint that a witness has not cosigned. `cosigned`: the largest size of this origin that it has cosigned, or 0. */
export type Uncosigned = {
  readonly issuerOrgId: string;
  readonly revision: bigint;
  readonly size: number;
  readonly note: string;
  readonly cosigned: number;
};

/** A page of issuers. `next`: the last issuer of the page, or null after the last page. */
export type UncosignedPage = { readonly checkpoints: readonly Uncosigned[]; readonly next: string | null };

type Key = { readonly name: string; readonly keyId: string };

/**
 * Reads the newest checkpoint of each of the next 200 issuers after `after`, where the witness has not cosigned it. As
 * ledger_worker.
 */
export const readUncosigned = async (db: Pool, { name, keyId }: Key, after: string): Promise<UncosignedPage> => {
  const { rows } = await db.query<UncosignedRow>({
    name: 'uncosigned-checkpoints',
    text: `select t.issuer_org_id, c.revision, c.size, c.note,
        exists (select from ops.log_cosignatures w where w.issuer_org_id = c.issuer_org_id and w.revision = c.revision
          and w.key_name = $1 and w.key_id = $2) as is_cosigned,
        coalesce((select max(o.size) from ops.log_cosignatures w join ops.log_checkpoints o using (issuer_org_id, revision)
          where w.issuer_org_id = c.issuer_org_id and w.key_name = $1 and w.key_id = $2 and o.origin = c.origin), 0) as cosigned
      from (select issuer_org_id from ops.log_trees where issuer_org_id > $3 order by issuer_org_id limit $4) t
      left join lateral (select * from ops.log_checkpoints c where c.issuer_org_id = t.issuer_org_id
        order by revision desc limit 1) c on true
      order by t.issuer_org_id`,
    values: [name, keyId, after, pageMax],
  });
  const checkpoints = rows.flatMap(({ issuer_org_id: issuerOrgId, revision, size, note, is_cosigned, cosigned }) =>
    revision === null || is_cosigned
      ? []
      : [{ issuerOrgId, revision: BigInt(revision), size: Number(size), note, cosigned: Number(cosigned) }],
  );
  return { checkpoints, next: rows.length < pageMax ? null : (rows.at(-1)?.issuer_org_id ?? null) };
};

/** Stores the cosignature of a checkpoint, with its line in the note, unless it is stored. As ledger_worker. */
export const noteCosignature = async (
  db: Pool,
  { issuerOrgId, revision }: Pick<Uncosigned, 'issuerOrgId' | 'revision'>,
  { name, keyId }: Pick<Signature, 'name' | 'keyId'>,
  { line, time }: { readonly line: string; readonly time: number },
): Promise<void> => {
  await db.query(
    `insert into ops.log_cosignatures (issuer_org_id, revision, key_name, key_id, line, cosigned_at)
      values ($1, $2, $3, $4, $5, to_timestamp($6)) on conflict do nothing`,
    [issuerOrgId, revision, name, keyId, line, time],
  );
};

type UncosignedRow = {
  readonly issuer_org_id: string;
  /** Null: the issuer has no checkpoint. */
  readonly revision: string | null;
  readonly size: string;
  readonly note: string;
  readonly is_cosigned: boolean;
  readonly cosigned: string;
};

const pageMax = 200;
