import type { Recorded } from '../eventstore/event-store.ts';
import { type Leaf, leafBytes } from '../proof/leaf.ts';
import { parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { joinBytes, utf8 } from '../proof/text/bytes.ts';
import { foldStates, formatStates } from './fold-states.ts';
import { formatPackEvent, formatPackProof } from './pack-events.ts';
import { packFiles } from './pack-files.ts';
import { formatManifest, type Manifest } from './pack-manifest.ts';
import { formatReadMe } from './read-me.ts';
import { newZipWriter, type WriteAt } from './zip/write-zip.ts';

/** An event with its index in the log. */
export type IndexedEvent = { readonly recorded: Recorded; readonly index: number };

/**
 * Where the content of a pack comes from. `checkpoint`: the signed note with its cosignatures. `keys`: vkey lines.
 * `licenses`: the ids in their order, each once. `eventsOf` is called twice for each license, and returns the same
 * events: those that the checkpoint covers. Exactly one of `leaves` and `proofOf` is not null.
 */
export type PackContent = Pick<Manifest, 'organizationId' | 'query' | 'actor' | 'createdAt' | 'software'> & {
  readonly checkpoint: string;
  readonly keys: string;
  readonly licenses: readonly string[];
  readonly eventsOf: (licenseId: string) => AsyncIterable<readonly IndexedEvent[]>;
  readonly leaves: (() => AsyncIterable<readonly Leaf[]>) | null;
  readonly proofOf: ((index: number) => Promise<readonly Uint8Array[]>) | null;
  /** Gets the number of lines since the last call. The states of a license count as one. */
  readonly onProgress: (lines: number) => void;
};

/** A pack that was written. `size`: in bytes. */
export type WrittenPack = { readonly size: number; readonly manifest: Manifest };

/**
 * Writes a pack in parts of at most a megabyte. The same content gives the same bytes. Throws ZipTooLarge.
 */
export const writePack = async (content: PackContent, writeAt: WriteAt, bytesMax?: number): Promise<WrittenPack> => {
  const { organizationId, query, actor, createdAt, software, checkpoint, licenses } = content;
  const { origin, size } = parseCheckpoint(parseNote(checkpoint).text);
  const zip = newZipWriter(writeAt, bytesMax);
  const isComplete = content.leaves !== null;
  const readMe = formatReadMe({ organizationId, query, createdAt, origin, size, isComplete });
  const indexes: number[] = [];
  const files = [
    await zip.add(packFiles.readMe, [utf8(readMe)]),
    await zip.add(packFiles.keys, [utf8(content.keys)]),
    await zip.add(packFiles.checkpoint, [utf8(checkpoint)]),
    await zip.add(packFiles.events, partsOf(counted(content, eventLines(content, indexes)))),
    await zip.add(packFiles.states, partsOf(stateLines(content))),
    isComplete
      ? await zip.add(packFiles.leaves, partsOf(counted(content, leafLines(content))))
      : await zip.add(packFiles.proofs, partsOf(counted(content, proofLines(content, indexes)))),
  ];
  const counts = { licenses: licenses.length, events: indexes.length, leaves: isComplete ? size : 0 };
  const manifest: Manifest = { v: 1, organizationId, query, actor, createdAt, software, counts, files };
  await zip.add(packFiles.manifest, [utf8(formatManifest(manifest))]);
  return { size: await zip.end(), manifest };
};

type LinePages = AsyncGenerator<readonly string[]>;

async function* eventLines({ licenses, eventsOf }: PackContent, indexes: number[]): LinePages {
  for (const licenseId of licenses)
    for await (const page of eventsOf(licenseId)) {
      for (const { index } of page) indexes.push(index);
      yield page.map(({ recorded, index }) => formatPackEvent(recorded, index));
    }
}

async function* stateLines({ licenses, eventsOf, query, onProgress }: PackContent): LinePages {
  for (const licenseId of licenses) {
    const fold = foldStates(licenseId, query);
    for await (const page of eventsOf(licenseId)) for (const { recorded } of page) fold.add(recorded);
    for (const line of formatStates(fold.states())) yield [line];
    onProgress(1);
  }
}

async function* leafLines({ leaves }: PackContent): LinePages {
  if (leaves === null) return;
  const decoder = new TextDecoder();
  for await (const page of leaves()) yield page.map((leaf) => decoder.decode(leafBytes(leaf)));
}

async function* proofLines({ proofOf }: PackContent, indexes: readonly number[]): LinePages {
  if (proofOf === null) return;
  for (const index of indexes) yield [formatPackProof(index, await proofOf(index))];
}

/** Reports lines as progress. */
async function* counted({ onProgress }: PackContent, pages: LinePages): LinePages {
  for await (const lines of pages) {
    onProgress(lines.length);
    yield lines;
  }
}

/** Joins lines to parts that are worth a write. */
async function* partsOf(pages: LinePages): AsyncGenerator<Uint8Array> {
  let [waiting, bytes]: [Uint8Array[], number] = [[], 0];
  for await (const lines of pages) {
    const text = utf8(lines.map((line) => `${line}\n`).join(''));
    waiting.push(text);
    bytes += text.length;
    if (bytes < partBytes) continue;
    yield* cut(joinBytes(...waiting));
    [waiting, bytes] = [[], 0];
  }
  yield* cut(joinBytes(...waiting));
}

/** Cuts bytes to parts of at most `partBytesMax`. */
function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytesMax) yield bytes.subarray(at, at + partBytesMax);
}

const partBytes = 256 * 1024;
const partBytesMax = 1024 * 1024;
