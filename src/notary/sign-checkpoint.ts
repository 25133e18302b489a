import type { Pool } from 'pg';
import type { IssuerLog } from '../domain/issuer-log/issuer-log.ts';
import { formatCheckpoint } from '../proof/notes/checkpoints.ts';
import { formatOrigin } from '../proof/notes/log-origins.ts';
import { formatNote } from '../proof/notes/signed-notes.ts';
import { formatVerifierKey, parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import { rootFromTiles } from '../proof/tree/tile-proofs.ts';
import { tilesOf } from '../records/issuer-trees.ts';
import { readLogKey, removeLogKey, writeNewLogKey } from '../signing/log-key-files.ts';
import { nodeSha256, type SigningKey, signText } from '../signing/log-keys.ts';
import { checkCopy, fillCopy } from './check-copy.ts';
import { writeCheckpointRows } from './checkpoint-rows.ts';
import { lastNote } from './copy-checkpoint.ts';
import { hasRoot, otherRoot } from './grow-tree.ts';
import { type NotaryContext, NotSigned, readIssuerLog, sendToLog } from './notary-context.ts';

type Started = Extract<IssuerLog, { kind: 'started' }>;

/**
 * Signs the tree of an issuer: appends the checkpoint to its stream, copies it, and then writes the rows that the API
 * serves. Starts the log, with a new key, when it has never signed. Returns whether a checkpoint was appended. Throws
 * NotSigned, or UnusableLogKey without its private key.
 */
export const signCheckpoint = async (context: NotaryContext, organizationId: string): Promise<boolean> => {
  const { pool, store, copies } = context;
  const since = await startOfPass(pool);
  // The log comes before the tree and the copy: another notary may sign meanwhile, and both only grow.
  const known = await readIssuerLog(context.executor, organizationId);
  const before = known.log;
  const { size, isGrowing } = await readTree(context, organizationId);
  if (size === 0 && (before.kind === 'unstarted' || before.last === null)) {
    await settleTree(context, organizationId, { size, signedAt: null, since });
    return false;
  }
  if (before.kind === 'started' && before.last !== null && before.last.size > size) {
    // The tiles are being built again.
    if (isGrowing) return false;
  }
  try {
    await checkTree(context, organizationId, { before, size });
  } catch (error) {
    if (error instanceof NotSigned && (await hasMoved(context, organizationId, known.revision))) return false;
    throw error;
  }
  const { log, revision } =
    before.kind === 'started' ? { log: before, revision: known.revision } : await startLog(context, organizationId);
  const key = await readKey(context, organizationId, { log, revision });
  if (key === null) return false;
  const root = await rootFromTiles({ size, readTile: tilesOf(pool, organizationId), hash: nodeSha256 });
  const text = formatCheckpoint({ origin: log.origin, size, root });
  const note = formatNote({ text, signatures: [signText(text, key)] });
  const after = await sendToLog(context, organizationId, {
    type: 'SignCheckpoint',
    data: { size, root: encodeBase64(root), note },
    expectedRevision: revision,
  });
  // Another notary signs it, or the key was rotated meanwhile.
  if (after === null) return false;
  await copies.write(note);
  await writeCheckpointRows(pool, store, organizationId);
  const signedAt = after.log.kind === 'started' ? (after.log.last?.signedAt ?? null) : null;
  await settleTree(context, organizationId, { size, signedAt, since });
  return after.revision !== revision;
};

/** Throws NotSigned for a tree that lacks leaves of the last checkpoint or of the copy, or that has another root. */
const checkTree = async (
  context: NotaryContext,
  organizationId: string,
  { before, size }: { readonly before: IssuerLog; readonly size: number },
): Promise<void> => {
  const last = before.kind === 'started' ? before.last : null;
  if (before.kind === 'started' && last !== null && last.size > size)
    throw new NotSigned(
      `The log ${before.origin} has signed ${last.size} events, and the read models have ${size}. ` +
        `Build them again: ledger rebuild. After a restored backup: ledger log restart --organization ${organizationId} --reason <code>.`,
    );
  const readTile = tilesOf(context.pool, organizationId);
  const isCopied = await checkCopy(context, before, { organizationId, size, readTile });
  if (last !== null && !(await hasRoot(readTile, last))) throw new NotSigned(otherRoot(organizationId, last));
  if (!isCopied) await fillCopy(context, organizationId, (await lastNote(context.store, organizationId)).note);
};

const hasMoved = async ({ executor }: NotaryContext, organizationId: string, revision: bigint): Promise<boolean> =>
  (await readIssuerLog(executor, organizationId)).revision !== revision;

/** Returns the private key of a log, or null when the log has moved on, as after a rotation, which removes the old key. */
const readKey = async (
  context: NotaryContext,
  organizationId: string,
  { log, revision }: { readonly log: Started; readonly revision: bigint },
): Promise<SigningKey | null> => {
  try {
    return await readLogKey(context.keysDirectory, parseVerifierKey(log.vkey));
  } catch (error) {
    if (await hasMoved(context, organizationId, revision)) return null;
    throw error;
  }
};

/**
 * Starts a log. The key is on the disk before an event names it. When another notary was faster, its key is that of the
 * log, and ours is removed.
 */
const startLog = async (
  context: NotaryContext,
  organizationId: string,
): Promise<{ log: Started; revision: bigint }> => {
  const { keysDirectory, installation } = context;
  const origin = formatOrigin({ installation, organizationId, generation: 1 });
  const { verifier } = await writeNewLogKey(keysDirectory, origin);
  const vkey = formatVerifierKey(verifier);
  const command = { type: 'StartLog', data: { origin, vkey }, expectedRevision: -1n } as const;
  const started = await sendToLog(context, organizationId, command);
  if (started === null || started.log.kind === 'unstarted')
    throw new Error(`The log of ${organizationId} could not be started.`);
  const { log, revision } = started;
  if (log.vkey !== vkey) await removeLogKey(keysDirectory, verifier);
  return { log, revision };
};

const readTree = async ({ pool }: NotaryContext, organizationId: string) => {
  const { rows } = await pool.query<{ size: string; is_growing: boolean }>({
    name: 'tree-to-sign',
    text: 'select size, grown > caught_up as is_growing from ops.log_trees where issuer_org_id = $1',
    values: [organizationId],
  });
  return { size: Number(rows[0]?.size ?? 0), isGrowing: rows[0]?.is_growing ?? false };
};

/** Returns the instant of the database, to the microsecond. */
const startOfPass = async (pool: Pool): Promise<string> => {
  const { rows } = await pool.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '';
};

/**
 * Notes that all leaves up to this size are signed, and removes the demand for them. A demand since the pass began may be
 * about a name or a key that it has not seen.
 */
const settleTree = async (
  { pool, now }: NotaryContext,
  organizationId: string,
  { size, signedAt, since }: { readonly size: number; readonly signedAt: string | null; readonly since: string },
): Promise<void> => {
  const nextMs = signedAt === null ? now().getTime() : Date.parse(signedAt) + everyMs;
  await pool.query({
    name: 'settle-tree',
    text: `update ops.log_trees set unsigned_since = case when size > $2 then $3::timestamptz end,
        due_at = case when size > $2 then $4::timestamptz end where issuer_org_id = $1`,
    values: [organizationId, size, now(), new Date(nextMs)],
  });
  // Under steady writes the log grows at all times, so a demand ends with the leaves that it was about.
  await pool.query({
    name: 'settle-demand',
    text: `delete from ops.log_demands where issuer_org_id = $1 and demanded_at < $3::timestamptz and (leaves <= $2 or (not exists (
      select from ops.log_trees where issuer_org_id = $1 and (size > $2 or grown > caught_up))
      and not exists (select from ops.log_growth where issuer_org_id = $1)))`,
    values: [organizationId, size, since],
  });
};

const everyMs = 60_000;
