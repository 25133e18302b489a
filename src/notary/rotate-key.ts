import { formatRotation } from '../proof/notes/key-rotations.ts';
import { formatNote } from '../proof/notes/signed-notes.ts';
import { formatVerifierKey, parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { readLogKey, removeLogKey, writeNewLogKey } from '../signing/log-key-files.ts';
import { signText } from '../signing/log-keys.ts';
import { type NotaryContext, NotSigned, readIssuerLog, sendToLog } from './notary-context.ts';
import { wakeNotary } from './wake-notary.ts';

/** A change of a log by an operator: its name and its key after it. */
export type ChangedLog = { readonly origin: string; readonly vkey: string };

/**
 * Gives a log another key, which the old one signs. Notaries use it from their next checkpoint on. Throws NotSigned for a
 * log that has not started or that changed meanwhile, and UnusableLogKey without the old key.
 */
export const rotateLogKey = async (
  context: Omit<NotaryContext, 'copies' | 'installation' | 'note'>,
  organizationId: string,
  operator: string,
): Promise<ChangedLog> => {
  const { keysDirectory, pool } = context;
  const { log, revision } = await readIssuerLog(context.executor, organizationId);
  if (log.kind === 'unstarted')
    throw new NotSigned(`The log of ${organizationId} has not started, so it has no key. The first notary makes one.`);
  const old = await readLogKey(keysDirectory, parseVerifierKey(log.vkey));
  const { verifier } = await writeNewLogKey(keysDirectory, log.origin);
  const vkey = formatVerifierKey(verifier);
  const text = formatRotation({ origin: log.origin, vkey });
  const note = formatNote({ text, signatures: [signText(text, old)] });
  const rotated = await sendToLog(context, organizationId, {
    ...{ type: 'RotateLogKey', data: { vkey, note } },
    ...{ expectedRevision: revision, actorId: operator },
  });
  if (rotated === null) {
    await removeLogKey(keysDirectory, verifier);
    throw new NotSigned(`The notary signed ${log.origin} at the same moment. Nothing was changed. Repeat the command.`);
  }
  await removeLogKey(keysDirectory, old.verifier);
  await wakeNotary(pool, organizationId);
  return { origin: log.origin, vkey };
};
