import type { Pool } from 'pg';
import { listCheckpoints as listRows, readLogKeys } from '../../records/issuer-trees.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type LogRead, noCheckpoint, openCheckpoint, openLog, type SignedCheckpoint, signedOf } from './open-log.ts';

/** Returns the served checkpoint of a log. Refuses as `openCheckpoint`. */
export const readCheckpoint = (pool: Pool, log: LogRead): Promise<SignedCheckpoint | Refusal> =>
  openCheckpoint(pool, log, async (_, checkpoint) => checkpoint);

/**
 * Returns signed checkpoints of a log, of every origin, the newest first and older than the revision `before`. Refuses as
 * `openLog`.
 */
export const listCheckpoints = (
  pool: Pool,
  log: LogRead,
  page: { readonly before: bigint | null; readonly limit: number },
): Promise<readonly SignedCheckpoint[] | Refusal> =>
  openLog(pool, log, async (db) => (await listRows(db, log.organizationId, page)).map(signedOf));

/** Returns the public keys of a log, one on each line, the oldest one first. Refuses as `openLog`, and without a key. */
export const readKeys = async (pool: Pool, log: LogRead): Promise<{ readonly text: string } | Refusal> => {
  const keys = await openLog(pool, log, (db) => readLogKeys(db, log.organizationId));
  if (isRefusal(keys)) return keys;
  return keys.length === 0 ? noCheckpoint : { text: keys.map(({ vkey }) => `${vkey}\n`).join('') };
};
