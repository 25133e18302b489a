import type { Pool } from 'pg';
import { testHash } from '../../support/license-fixtures.ts';

/** Adds a row of an organization to each table of the tree of its log. `worker`: of ledger_worker. */
export const fillTree = async (worker: Pool, org: string): Promise<void> => {
  const hash = Buffer.from(testHash(org), 'hex');
  await worker.query(`insert into ops.log_trees (issuer_org_id, size) values ($1, 1)`, [org]);
  await worker.query('insert into ops.log_growth values ($1) on conflict do nothing', [org]);
  await worker.query('insert into ops.log_tiles values ($1, 0, 0, $2)', [org, hash]);
  await worker.query(`insert into ops.log_keys values ($1, 0, 'origin', 'vkey', now())`, [org]);
  await worker.query(`insert into ops.log_checkpoints values ($1, 1, 'origin', 1, $2, 'note', now())`, [org, hash]);
  await worker.query(`insert into ops.log_cosignatures values ($1, 1, 'witness', '00000000', 'line', now())`, [org]);
  await worker.query('insert into ops.log_demands values ($1)', [org]);
};
