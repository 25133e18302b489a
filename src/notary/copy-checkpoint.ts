import type { Pool } from 'pg';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import { InvalidProof, mustBe } from '../proof/invalid.ts';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { isSameBytes } from '../proof/text/bytes.ts';
import { type TreeHead, verifyConsistency } from '../proof/tree/merkle-proofs.ts';
import { consistencyProof, rootFromTiles } from '../proof/tree/tile-proofs.ts';
import { readTreeSize, tilesOf } from '../records/issuer-trees.ts';
import { nodeSha256 } from '../signing/log-keys.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';
import { logKeyChain } from './log-key-chain.ts';

/** What a copy needs. `pool`: of ledger_worker. */
export type CopyNeeds = {
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'read' | 'readBackwards'>;
  readonly copies: CheckpointCopies;
};

/** `copied`: the copy is new. `kept`: it is as large already. `later`: the tiles do not reach the checkpoint yet. */
export type Copying = 'copied' | 'kept' | 'later';

/**
 * Copies a checkpoint of a stream. The copy is the only evidence outside of the databases, so it is checked: a key
 * of the log must have signed the checkpoint. Its tree must contain the one of the present copy. Throws InvalidProof otherwise, and
 * changes nothing.
 */
export const copyCheckpoint = async (needs: CopyNeeds, organizationId: string, note: string): Promise<Copying> => {
  const { pool, store, copies } = needs;
  const checkpoint = parseCheckpoint(parseNote(note).text);
  const { origin, size } = checkpoint;
  const present = await copies.read(origin);
  if (present !== null && present.size > size) return 'kept';
  if (present !== null && present.size === size) {
    mustBe(
      isSameBytes(present.root, checkpoint.root),
      `It has another root than the copy ${present.file} of ${size} events.`,
    );
    return 'kept';
  }
  const keys = await logKeyChain(pool, store, { organizationId, origin });
  openCheckpoint(note, keys.map(parseVerifierKey));
  if ((await readTreeSize(pool, organizationId)) < size) return 'later';
  if (!(await leadsTo(pool, organizationId, { present, checkpoint }))) return 'later';
  await copies.write(note);
  return 'copied';
};

/** Returns false while tiles are missing. Throws InvalidProof when the tree is not the one of the copy with more leaves. */
const leadsTo = async (
  pool: Pool,
  organizationId: string,
  { present, checkpoint }: { readonly present: TreeHead | null; readonly checkpoint: Checkpoint },
): Promise<boolean> => {
  const { size } = checkpoint;
  const tree = { size, readTile: tilesOf(pool, organizationId), hash: nodeSha256 };
  const root = await unlessMissing(rootFromTiles(tree));
  if (root === null) return false;
  mustBe(isSameBytes(root, checkpoint.root), `The tiles have another root of ${size} events than the checkpoint.`);
  if (present === null) return true;
  const proof = await unlessMissing(consistencyProof(present.size, tree));
  if (proof === null) return false;
  verifyConsistency(present, checkpoint, proof);
  return true;
};

const unlessMissing = <Value>(reading: Promise<Value>): Promise<Value | null> =>
  reading.catch((error: unknown) => {
    if (error instanceof InvalidProof) return null;
    throw error;
  });

/** The end of a stream. `note`: of the last checkpoint under the present name, or null. `isChanged`: a command gave the log a name or a key since. */
export type LastNote = { readonly note: string | null; readonly isChanged: boolean };

/** Returns the last checkpoint of a stream, and whether a command came after it. */
export const lastNote = async (store: Pick<EventStore, 'readBackwards'>, organizationId: string): Promise<LastNote> => {
  const stream = issuerLogAggregate.stream(organizationId);
  let from: bigint | 'end' = 'end';
  let isChanged = false;
  for (;;) {
    const page = await store.readBackwards(stream, from, pageEvents);
    for (const { type, data } of page) {
      if (type === 'CheckpointSigned') return { note: String(data.note), isChanged };
      if (type === 'LogRestarted') return { note: null, isChanged: true };
      if (type === 'LogStarted') return { note: null, isChanged };
      if (type === 'LogKeyRotated') isChanged = true;
    }
    const oldest = page.at(-1);
    if (oldest === undefined || oldest.revision === 0n) return { note: null, isChanged };
    from = oldest.revision - 1n;
  }
};

const pageEvents = 10;
