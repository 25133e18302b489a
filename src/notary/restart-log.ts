import type { IssuerLog, TreeState } from '../domain/issuer-log/issuer-log.ts';
import { openCheckpoint } from '../proof/notes/checkpoints.ts';
import { formatOrigin, restartedOrigin } from '../proof/notes/log-origins.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { formatVerifierKey, parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import { emptyRoot } from '../proof/tree/merkle-hashes.ts';
import { readLogKeys } from '../records/issuer-trees.ts';
import { removeLogKey, writeNewLogKey } from '../signing/log-key-files.ts';
import type { CheckpointCopy } from './checkpoint-copies.ts';
import { type NotaryContext, NotSigned, readIssuerLog, sendToLog } from './notary-context.ts';
import type { ChangedLog } from './rotate-key.ts';
import { wakeNotary } from './wake-notary.ts';

/** Who begins a log again, and why: the id of an operator and a code, neither a person's name. */
export type Restart = { readonly reason: string; readonly operator: string };

/**
 * Begins a log again under its next name, with a new key, after a lawful restore. The event names the last checkpoint that
 * anybody may have: that of the copy, or that of the stream when it is later. A log that has signed nothing under its present
 * name ends with the empty tree. Throws NotSigned for a log that has not started, and when somebody changed the log at the
 * same moment.
 */
export const restartLog = async (
  context: Omit<NotaryContext, 'note'>,
  organizationId: string,
  { reason, operator }: Restart,
): Promise<ChangedLog & { readonly last: TreeState }> => {
  const { copies, installation, keysDirectory, pool } = context;
  const { log, revision } = await readIssuerLog(context.executor, organizationId);
  const first = formatOrigin({ installation, organizationId, generation: 1 });
  const copy = await copies.latest(log.kind === 'unstarted' ? first : log.origin);
  const last = await lastCheckpoint(context, organizationId, { log, copy });
  if (last === null) throw new NotSigned(`The log of ${organizationId} has not started, so it need not begin again.`);
  const origin = restartedOrigin(last.origin);
  const { verifier } = await writeNewLogKey(keysDirectory, origin);
  const vkey = formatVerifierKey(verifier);
  const restarted = await sendToLog(context, organizationId, {
    ...{ type: 'RestartLog', data: { vkey, reason, last } },
    ...{ expectedRevision: revision, actorId: operator },
  }).catch(async (error: unknown) => {
    // After any other error the event may be in the stream, and then the key is in use.
    if (error instanceof NotSigned) await removeLogKey(keysDirectory, verifier);
    throw error;
  });
  if (restarted === null) {
    await removeLogKey(keysDirectory, verifier);
    throw new NotSigned(`The log ${last.origin} changed at the same moment. Nothing was changed. Repeat the command.`);
  }
  await wakeNotary(pool, organizationId);
  return { origin, vkey, last };
};

/** The copy may be damaged, so a known key must have signed it. */
const lastCheckpoint = async (
  { pool }: Pick<NotaryContext, 'pool'>,
  organizationId: string,
  { log, copy }: { readonly log: IssuerLog; readonly copy: CheckpointCopy | null },
): Promise<TreeState | null> => {
  const ofStream = log.kind === 'started' ? treeOf(log) : null;
  if (copy === null || (ofStream !== null && ofStream.origin === copy.origin && ofStream.size >= copy.size))
    return ofStream;
  const rows = await readLogKeys(pool, organizationId);
  const known = [...rows.map(({ vkey }) => vkey), ...(log.kind === 'started' ? [log.vkey] : [])];
  const { signatures } = parseNote(copy.note);
  // A restored log may not know the key that signed the copy. The copy is then the only witness.
  const keys = known.map(parseVerifierKey).filter((key) => signatures.some(({ keyId }) => keyId === key.keyId));
  if (keys.length > 0) openCheckpoint(copy.note, keys);
  return { origin: copy.origin, size: copy.size, root: encodeBase64(copy.root) };
};

/** Returns the last tree that a log has signed: the empty one before its first checkpoint. */
const treeOf = ({ origin, last }: Extract<IssuerLog, { kind: 'started' }>): TreeState =>
  last === null ? { origin, size: 0, root: encodeBase64(emptyRoot()) } : { origin, size: last.size, root: last.root };
