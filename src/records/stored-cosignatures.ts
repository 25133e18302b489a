import type { Pool } from 'pg';
import type { Signature } from '../proof/notes/signed-notes.ts';

/**
 * A checkpoint that a witness has not cosigned. `cosigned`: the size of the checkpoint of this origin that it cosigned last,
 * or 0. The answer of the witness corrects it.
 */
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
        coalesce(w.revision = c.revision, false) as is_cosigned,
        case when o.origin = c.origin and o.size <= c.size then o.size else 0 end as cosigned
      from (select issuer_org_id from ops.log_trees where issuer_org_id > $3 order by issuer_org_id limit $4) t
      left join lateral (select * from ops.log_checkpoints c where c.issuer_org_id = t.issuer_org_id
        order by revision desc limit 1) c on true
      left join lateral (select revision from (select * from ops.log_cosignatures w where w.issuer_org_id = t.issuer_org_id
          order by revision desc limit $5) w where key_name = $1 and key_id = $2
        order by revision desc limit 1) w on true
      left join ops.log_checkpoints o on o.issuer_org_id = t.issuer_org_id and o.revision = w.revision
      order by t.issuer_org_id`,
    values: [name, keyId, after, pageMax, newestMax],
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
/** So many of the newest cosignatures of a log are read, of all witnesses. */
const newestMax = 100;
