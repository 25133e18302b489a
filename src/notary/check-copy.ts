import type { IssuerLog } from '../domain/issuer-log/issuer-log.ts';
import { parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { formatOrigin } from '../proof/notes/log-origins.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import type { ReadTile } from '../proof/tree/tile-hashes.ts';
import { type Copying, type CopyNeeds, copyCheckpoint } from './copy-checkpoint.ts';
import { hasRoot } from './grow-tree.ts';
import { type NotaryContext, NotSigned } from './notary-context.ts';

type Tree = { readonly organizationId: string; readonly size: number; readonly readTile: ReadTile };

/**
 * Compares a tree that the notary is about to sign with the notary's own copy of the last checkpoint, which no restore of
 * the databases changes. Throws NotSigned when the tree is smaller than the copy, has another root, or when the copy is
 * of a later name of the log. Returns whether there is a copy.
 */
export const checkCopy = async (
  { copies, installation }: Pick<NotaryContext, 'copies' | 'installation'>,
  log: IssuerLog,
  { organizationId, size, readTile }: Tree,
): Promise<boolean> => {
  const first = formatOrigin({ installation, organizationId, generation: 1 });
  const copy = await copies.latest(log.kind === 'unstarted' ? first : log.origin);
  if (copy === null) return false;
  const advice = `The copy is ${copy.file}. Restore the databases of that time. When that is impossible: ledger log restart --organization ${organizationId} --reason <code>.`;
  if (log.kind === 'unstarted')
    throw new NotSigned(
      `The log of ${organizationId} has signed nothing, and the copy has ${copy.size} events of ${copy.origin}: an older backup was restored. ${advice}`,
    );
  if (copy.origin !== log.origin)
    throw new NotSigned(
      `The log is ${log.origin}, and the copy is of ${copy.origin}: an older backup was restored. ${advice}`,
    );
  if (copy.size > size)
    throw new NotSigned(
      `The log ${log.origin} has ${size} events, and the copy has ${copy.size}: events are missing. ${advice}`,
    );
  if (copy.size > 0 && !(await hasRoot(readTile, { size: copy.size, root: encodeBase64(copy.root) })))
    throw new NotSigned(
      `The log ${log.origin} has ${size} events, and its first ${copy.size} have another root than the copy: they were changed. ${advice}`,
    );
  return true;
};

/**
 * Brings the copy to the last checkpoint of the stream, and notes when there was none. Returns as `copyCheckpoint`, and
 * null before the first checkpoint.
 */
export const fillCopy = async (
  needs: CopyNeeds & Pick<NotaryContext, 'note'>,
  organizationId: string,
  signed: string | null,
): Promise<Copying | null> => {
  const { copies, note } = needs;
  if (signed === null) return null;
  const isEmpty = (await copies.latest(originOf(signed))) === null;
  const copying = await copyCheckpoint(needs, organizationId, signed);
  if (isEmpty && copying === 'copied')
    note(
      `There was no copy of the checkpoints of ${organizationId} in ${copies.directory}. It was filled from the event store, ` +
        'so it cannot show whether an older backup was restored before.',
    );
  return copying;
};

const originOf = (note: string): string => parseCheckpoint(parseNote(note).text).origin;
