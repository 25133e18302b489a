import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import type { IssuerLog } from '../domain/issuer-log/issuer-log.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import { formatOrigin } from '../proof/notes/log-origins.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import type { ReadTile } from '../proof/tree/tile-hashes.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';
import { hasRoot } from './grow-tree.ts';
import { type NotaryContext, NotSigned } from './notary-context.ts';

type Tree = { readonly organizationId: string; readonly size: number; readonly readTile: ReadTile };

/**
 * Compares a tree that the notary is about to sign with the notary's own copy of the last checkpoint, which no restore of
 * the databases changes. Throws NotSigned when the tree is smaller than the copy, has another root, or when the copy is
 * of a later name of the log. An empty copy is filled from the stream, with a note.
 */
export const checkCopy = async (
  { copies, store, installation, note }: NotaryContext,
  log: IssuerLog,
  { organizationId, size, readTile }: Tree,
): Promise<void> => {
  const first = formatOrigin({ installation, organizationId, generation: 1 });
  const copy = await copies.latest(log.kind === 'unstarted' ? first : log.origin);
  if (copy === null) {
    if (log.kind === 'started' && log.last !== null) await fillCopy(copies, store, { organizationId, note });
    return;
  }
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
};

/** Fills an empty copy with the last checkpoint of the stream. */
export const fillCopy = async (
  copies: CheckpointCopies,
  store: Pick<EventStore, 'readBackwards'>,
  { organizationId, note }: { readonly organizationId: string; readonly note: (sentence: string) => void },
): Promise<void> => {
  const signed = await lastNote(store, organizationId);
  if (signed === null) return;
  await copies.write(signed);
  note(
    `There was no copy of the checkpoints of ${organizationId} in ${copies.directory}. It was filled from the event store, ` +
      'so it cannot show whether an older backup was restored before.',
  );
};

/** Returns the last checkpoint of a stream under the present name of the log, or null. */
const lastNote = async (store: Pick<EventStore, 'readBackwards'>, organizationId: string): Promise<string | null> => {
  const stream = issuerLogAggregate.stream(organizationId);
  let from: bigint | 'end' = 'end';
  for (;;) {
    const page = await store.readBackwards(stream, from, pageEvents);
    for (const { type, data } of page) {
      if (type === 'CheckpointSigned') return String(data.note);
      if (type === 'LogRestarted' || type === 'LogStarted') return null;
    }
    const oldest = page.at(-1);
    if (oldest === undefined || oldest.revision === 0n) return null;
    from = oldest.revision - 1n;
  }
};

const pageEvents = 10;
