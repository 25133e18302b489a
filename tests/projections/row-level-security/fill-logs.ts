import { testHash } from '../../support/license-fixtures.ts';
import type { createReadModels } from '../../support/read-models.ts';

type Models = Awaited<ReturnType<typeof createReadModels>>;

/** Writes a row of each table of the tree of a log. */
export const fillTree = async ({ worker }: Models, org: string): Promise<void> => {
  const hash = Buffer.from(testHash(org), 'hex');
  await worker.query(`insert into ops.log_trees (issuer_org_id, size) values ($1, 1)`, [org]);
  await worker.query('insert into ops.log_growth values ($1) on conflict do nothing', [org]);
  await worker.query('insert into ops.log_tiles values ($1, 0, 0, $2)', [org, hash]);
  await worker.query(`insert into ops.log_keys values ($1, 0, 'origin', 'vkey', now())`, [org]);
  await worker.query(`insert into ops.log_checkpoints values ($1, 1, 'origin', 1, $2, 'note', now())`, [org, hash]);
  await worker.query(`insert into ops.log_cosignatures values ($1, 1, 'witness', '00000000', 'line', now())`, [org]);
  await worker.query('insert into ops.log_demands values ($1)', [org]);
};

/** Writes an evidence pack that is READY, and its file. */
export const fillPack = async ({ superuser }: Models, org: string): Promise<void> => {
  await superuser.query(
    `insert into ops.audit_packs (issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, state,
        byte_count, sha256, created_at, finished_at, expires_at)
      values ($1, 'pack', 'USER', 'usr', '{}', '{}', true, 'READY', 1, $2, now(), now(), now() + interval '1 day')`,
    [org, testHash(org)],
  );
  await superuser.query("insert into ops.audit_pack_parts values ($1, 'pack', 0, '\\x00')", [org]);
};
