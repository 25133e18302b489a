import { checkCopy } from '../../notary/check-copy.ts';
import { hasRoot } from '../../notary/grow-tree.ts';
import { type NotaryContext, NotSigned, readIssuerLog } from '../../notary/notary-context.ts';
import { parseVerifierKey } from '../../proof/notes/verifier-keys.ts';
import { tilesOf } from '../../records/issuer-trees.ts';
import { readLogKey, UnusableLogKey } from '../../signing/log-key-files.ts';
import { RefusedByPolicy } from '../exit-codes.ts';

/**
 * Throws RefusedByPolicy for a started log that the notary goes on to sign here: it has its key, and the tree leads to
 * the last checkpoint and to the copy. Such a log must not begin again by mistake. Writes nothing.
 */
export const requireRefusal = async (context: NotaryContext, organizationId: string): Promise<void> => {
  const { log } = await readIssuerLog(context.executor, organizationId);
  // `restartLog` has its own sentence for a log that has signed nothing.
  if (log.kind === 'unstarted' || (await isRefused(context, organizationId, log))) return;
  const copy = await context.copies.latest(log.origin);
  const compared =
    copy === null
      ? `There is no copy of its checkpoint in ${context.copies.directory}`
      : `So does the copy ${copy.file}`;
  throw new RefusedByPolicy(
    `Nothing keeps the notary from signing ${log.origin}: its key is here, and its events lead to its last checkpoint. ${compared}. ` +
      'A restart cannot be undone, and everybody who checks the log needs another key. If you know better, use --force.',
  );
};

type Started = Extract<Awaited<ReturnType<typeof readIssuerLog>>['log'], { kind: 'started' }>;

const isRefused = async (context: NotaryContext, organizationId: string, log: Started): Promise<boolean> => {
  const { rows } = await context.pool.query<{ size: string; is_growing: boolean }>(
    'select size, grown > caught_up as is_growing from ops.log_trees where issuer_org_id = $1',
    [organizationId],
  );
  const [size, isGrowing] = [Number(rows[0]?.size ?? 0), rows[0]?.is_growing ?? false];
  const readTile = tilesOf(context.pool, organizationId);
  try {
    await readLogKey(context.keysDirectory, parseVerifierKey(log.vkey));
    // The notary builds the tiles again before it compares them.
    if (log.last !== null && log.last.size > size) return !isGrowing;
    const copies = { ...context.copies, write: async () => undefined };
    await checkCopy({ ...context, copies }, log, { organizationId, size, readTile });
    return log.last !== null && !(await hasRoot(readTile, log.last));
  } catch (error) {
    if (error instanceof NotSigned || error instanceof UnusableLogKey) return true;
    throw error;
  }
};
