import { InvalidProof, mustBe } from './invalid.ts';
import { parseLeaf } from './leaf.ts';
import { openCheckpoint } from './notes/checkpoints.ts';
import { limits, openTrusted, type Report, signaturesProved, type TrustedKeys } from './reports.ts';
import { isSameBytes, textOf } from './text/bytes.ts';
import { parseBundle } from './tree/entry-bundles.ts';
import { leafHash } from './tree/merkle-hashes.ts';
import type { TreeHead } from './tree/merkle-proofs.ts';
import { newTileBuilder, type TileBuilder, type TileWithHashes } from './tree/tile-builder.ts';
import { bundlePath, tileAt, tilePath, tileWidth } from './tree/tile-paths.ts';

/** Reads a file of a log by its path in C2SP tlog-tiles, such as `checkpoint` and `tile/entries/000`. */
export type ReadLogFile = (path: string) => Promise<Uint8Array>;

/** What a reader demands of a log. `older`: the note of a checkpoint that the log must continue; null: none. */
export type LogDemand = { readonly keys: TrustedKeys; readonly older: string | null };

/** The revisions of so many streams are counted. Each stream takes about 100 bytes of memory. */
export const streamsMax = 500_000;

/**
 * Checks a whole log: reads its checkpoint, all leaves and all tiles, and computes the root from the leaves. The leaves of
 * each stream must have the revisions 0, 1, 2 and so on. Throws InvalidProof, which names the first wrong file. Holds one
 * bundle and the right edge of the tree at a time.
 */
export const reportOnLog = async (readFile: ReadLogFile, { keys, older }: LogDemand): Promise<Report> => {
  const checkpoint = openTrusted(textOf(await readFile('checkpoint'), 'checkpoint'), keys);
  const previous = older === null ? null : openCheckpoint(older, keys.logs);
  if (previous !== null) mustContinue(previous, checkpoint);
  const { revisions, streams } = await readTree(readFile, checkpoint, previous);
  const { origin, size } = checkpoint;
  return {
    proved: [
      ...signaturesProved(checkpoint),
      `The checkpoint is of exactly the ${size} leaves that the log shows, and all tiles are those of these leaves.`,
      ...(previous === null
        ? []
        : [`The first ${previous.size} leaves of ${origin} are those of the older checkpoint, in the same order.`]),
      ...(revisions === 'COUNTED' ? [`Each of the ${streams} streams has every revision once, from 0 on.`] : []),
    ],
    notProved: [
      'The content of any event: this needs the event in its stored form.',
      ...(previous === null
        ? ['That the log continues an earlier one: give a checkpoint that you have as --older.']
        : []),
      ...(revisions === 'COUNTED' ? [] : [`That streams after the first ${streamsMax} have every revision once.`]),
      ...limits(checkpoint),
    ],
  };
};

type Origin = TreeHead & { readonly origin: string };

const mustContinue = (older: Origin, newer: Origin): void => {
  mustBe(older.origin === newer.origin, `The checkpoints are of two logs, ${older.origin} and ${newer.origin}.`);
  mustBe(
    older.size <= newer.size,
    `The log has ${newer.size} leaves, and the older checkpoint has ${older.size}: the end is cut off.`,
  );
};

type Counted = { readonly revisions: 'COUNTED' | 'TOO_MANY'; readonly streams: number };

const readTree = async (readFile: ReadLogFile, head: TreeHead, older: TreeHead | null): Promise<Counted> => {
  const full: TileWithHashes[] = [];
  const builder = newTileBuilder({ onFullTile: (tile) => full.push(tile) });
  const revisions = newRevisions();
  checkOlder(builder, older);
  for (let index = 0; index * tileWidth < head.size; index++) {
    const bundle = tileAt(0, index, head.size);
    for (const [at, entry] of (await readEntries(readFile, bundlePath(bundle), bundle.width)).entries()) {
      builder.append(leafHash(entry));
      readLeaf(entry, index * tileWidth + at, revisions);
      checkOlder(builder, older);
    }
    for (const tile of full.splice(0)) await checkTile(readFile, tile);
  }
  for (const tile of builder.partials()) await checkTile(readFile, tile);
  mustBe(isSameBytes(builder.root(), head.root), 'The leaves do not lead to the root of the checkpoint.');
  return revisions.counted();
};

const checkOlder = (builder: TileBuilder, older: TreeHead | null): void => {
  if (older === null || builder.size() !== older.size) return;
  mustBe(
    isSameBytes(builder.root(), older.root),
    `The first ${older.size} leaves do not lead to the root of the older checkpoint.`,
  );
};

const readEntries = async (readFile: ReadLogFile, path: string, width: number): Promise<readonly Uint8Array[]> => {
  const bundle = await readFile(path);
  return naming(path, () => parseBundle(bundle, width));
};

const readLeaf = (entry: Uint8Array, index: number, revisions: Revisions): void =>
  naming(`The leaf ${index}`, () => {
    const { stream, revision } = parseLeaf(textOf(entry, 'The leaf'));
    revisions.add(stream, revision);
  });

const checkTile = async (readFile: ReadLogFile, { tile, hashes }: TileWithHashes): Promise<void> => {
  const path = tilePath(tile);
  mustBe(isSameBytes(await readFile(path), hashes), `${path} does not have the hashes of the leaves.`);
};

type Revisions = { readonly add: (stream: string, revision: number) => void; readonly counted: () => Counted };

const newRevisions = (): Revisions => {
  const next = new Map<string, number>();
  let isFull = false;
  return {
    add: (stream, revision) => {
      const expected = next.get(stream);
      if (expected === undefined && next.size >= streamsMax) {
        isFull = true;
        return;
      }
      mustBe(
        revision === (expected ?? 0),
        `It has the revision ${revision} of ${stream}, and the next one of this stream is ${expected ?? 0}.`,
      );
      next.set(stream, revision + 1);
    },
    counted: () => ({ revisions: isFull ? 'TOO_MANY' : 'COUNTED', streams: next.size }),
  };
};

/** Runs `read`, and puts the place before the sentence of InvalidProof. */
const naming = <Result>(place: string, read: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidProof) throw new InvalidProof(`${place}: ${error.message}`);
    throw error;
  }
};
