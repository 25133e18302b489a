import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { formatWitnessRequest } from '../../proof/notes/witness-requests.ts';
import { verifyConsistency } from '../../proof/tree/merkle-proofs.ts';
import { consistencyProof, rootFromTiles } from '../../proof/tree/tile-proofs.ts';
import { readCheckpointOfSize, tilesOf } from '../../records/issuer-trees.ts';
import { nodeSha256 } from '../../signing/log-keys.ts';
import type { Refusal } from '../refusal.ts';
import {
  beingRebuilt,
  type LogRead,
  openCheckpoint,
  otherOrigin,
  type SignedCheckpoint,
  signedOf,
} from './open-log.ts';

/**
 * The sizes of two checkpoints in leaves. `to` null: that of the served checkpoint. `origin`: the only one that the reader
 * takes the proof of; null: any.
 */
export type Sizes = { readonly from: number; readonly to: number | null; readonly origin: string | null };

/**
 * Returns the proof that the log of `to` leaves begins with that of `from` leaves. The form is a request of C2SP
 * tlog-witness: the old size, the hashes, and the checkpoint of `to`. Verifies it before. Refuses a `from` above `to`, a
 * `to` without a checkpoint of the current origin, and any size while the tiles do not lead to the checkpoint.
 */
export const proveConsistency = (
  pool: Pool,
  log: LogRead,
  { from, to, origin: taken }: Sizes,
): Promise<{ readonly text: string } | Refusal> =>
  openCheckpoint(pool, log, async (db, served) => {
    const { origin } = served;
    if (taken !== null && taken !== origin) return otherOrigin(origin);
    const newer = to === null ? served : await checkpointOfSize(db, log.organizationId, { origin, size: to });
    if (newer === null)
      return reject(
        'NOT_FOUND',
        `The log ${origin} has no checkpoint of ${to} leaves. Leave to out for the newest, of ${served.size}.`,
        'to',
      );
    const { size } = newer;
    if (from > size)
      return reject(
        'NOT_FOUND',
        `The checkpoint of ${size} leaves is smaller than ${from}. Choose a smaller from.`,
        'from',
      );
    try {
      const tree = { size, readTile: tilesOf(db, log.organizationId), hash: nodeSha256 };
      const [proof, root] = await Promise.all([consistencyProof(from, tree), rootFromTiles({ ...tree, size: from })]);
      // A notary that builds the tiles again may have replaced some since the checkpoint was read.
      verifyConsistency({ size: from, root }, newer, proof);
      return { text: formatWitnessRequest({ oldSize: from, proof, checkpoint: newer.note }) };
    } catch (error) {
      if (error instanceof InvalidProof) return beingRebuilt;
      throw error;
    }
  });

const checkpointOfSize = async (...of: Parameters<typeof readCheckpointOfSize>): Promise<SignedCheckpoint | null> => {
  const checkpoint = await readCheckpointOfSize(...of);
  return checkpoint === null ? null : signedOf(checkpoint);
};
