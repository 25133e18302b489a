import { InvalidProof, mustBe } from '../proof/invalid.ts';
import { parseLeaf } from '../proof/leaf.ts';
import type { Checkpoint } from '../proof/notes/checkpoints.ts';
import { isSameBytes, utf8 } from '../proof/text/bytes.ts';
import { hashBytes, leafHash } from '../proof/tree/merkle-hashes.ts';
import { newTileBuilder } from '../proof/tree/tile-builder.ts';
import { leavesMax } from './pack-files.ts';
import { type Line, linesOf } from './pack-lines.ts';
import type { ZipFile } from './zip/read-zip.ts';

/**
 * The leaves of a whole log: the hash of each, one after another, and how many each of some streams has. `lastAt`: when
 * the last one was recorded.
 */
export type CheckedLeaves = {
  readonly hashes: Uint8Array;
  readonly countOf: (stream: string) => number;
  readonly lastAt: string;
};

/** The checkpoints that the leaves must lead to: that of the pack, and older ones of the same log. */
export type Checkpoints = { readonly checkpoint: Checkpoint; readonly older: readonly Checkpoint[] };

/**
 * Recomputes the tree of a log from all of its leaves. It holds 32 bytes of each. `streams`: the streams to count.
 * Throws InvalidProof, which names the first wrong line, or the checkpoint that the leaves do not lead to.
 */
export const checkLeaves = async (
  file: ZipFile,
  { checkpoint, older }: Checkpoints,
  streams: ReadonlySet<string>,
): Promise<CheckedLeaves> => {
  const { size } = checkpoint;
  mustBe(size <= leavesMax, `A pack with all leaves has at most ${leavesMax}, and the log has ${size}.`);
  const hashes = new Uint8Array(size * hashBytes);
  const counts = new Map<string, number>();
  let lastAt = '';
  const tree = newTileBuilder({ onFullTile: () => {} });
  const compare = (): void => {
    for (const head of older)
      if (head.size === tree.size())
        mustBe(
          isSameBytes(tree.root(), head.root),
          `The first ${head.size} leaves do not have the root of your older checkpoint.`,
        );
  };
  compare();
  const lines = linesOf(file);
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    const index = tree.size();
    mustBe(index < size, `${line.place}: the checkpoint has ${size} leaves, and this is a further one.`);
    const { stream, recordedAt } = namedBy(line);
    lastAt = recordedAt;
    const hash = leafHash(utf8(line.text));
    hashes.set(hash, index * hashBytes);
    if (streams.has(stream)) counts.set(stream, (counts.get(stream) ?? 0) + 1);
    tree.append(hash);
    compare();
  }
  mustBe(tree.size() === size, `${file.name} has ${tree.size()} leaves, and the checkpoint has ${size}.`);
  mustBe(isSameBytes(tree.root(), checkpoint.root), `${file.name} does not have the root of the checkpoint.`);
  return { hashes, countOf: (stream) => counts.get(stream) ?? 0, lastAt };
};

const namedBy = ({ text, place }: Line): { readonly stream: string; readonly recordedAt: string } => {
  // Most lines match, and reading JSON strictly takes ten times as long.
  const [, recordedAt, stream] = quickForm.exec(text) ?? [];
  if (recordedAt !== undefined && stream !== undefined) return { stream, recordedAt };
  try {
    return parseLeaf(text);
  } catch (error) {
    throw error instanceof InvalidProof ? new InvalidProof(`${place}: ${error.message}`) : error;
  }
};

const quickForm =
  /^\{"hash":"[0-9a-f]{64}","id":"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}","recordedAt":"(20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z)","revision":(?:0|[1-9]\d{0,14}),"stream":"((?:license-lic|catalog-org|organization-org)_[0-7][0-9a-hjkmnp-tv-z]{25})","v":1\}$/;
