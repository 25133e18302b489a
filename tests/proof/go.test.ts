import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { parseNote, verifyNote } from '../../src/proof/notes/signed-notes.ts';
import { formatVerifierKey, parseVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { checkTiles } from '../../src/proof/tree/check-tiles.ts';
import { leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { verifyConsistency, verifyInclusion } from '../../src/proof/tree/merkle-proofs.ts';
import { consistencyProof, inclusionProof, rootFromTiles } from '../../src/proof/tree/tile-proofs.ts';
import { findSumdb } from '../support/missing-programs.ts';
import { sized } from '../support/size.ts';
import { signedCheckpoint, testKey } from './keys.ts';
import { beginningOf, leaves, reading, treeOf } from './stored-tree.ts';

type Proofs = readonly string[];
type SharedTree = {
  readonly Size: number;
  readonly Root: string;
  readonly Tiles: Readonly<Record<string, string>>;
  readonly Records: readonly { readonly Index: number; readonly Hash: string; readonly Proof: Proofs }[];
  readonly Growths: readonly { readonly Older: number; readonly Root: string; readonly Proof: Proofs }[];
};
type Shared = {
  readonly Notes: readonly { readonly Note: string; readonly Key: string }[];
  readonly Trees: readonly SharedTree[];
};

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

const sizes = [1, 2, 3, 255, 256, 257, 600, sized(140_000, 2_000)];
const entries = leaves(Math.max(...sizes));

const sharedTree = async (size: number): Promise<SharedTree> => {
  const tree = treeOf(entries.slice(0, size));
  const places = [0, 1, 2, size >> 1, size - 2, size - 1].filter((index) => index >= 0 && index < size);
  return {
    Size: size,
    Root: base64(tree.root),
    Tiles: Object.fromEntries([...tree.tiles].map(([name, hashes]) => [name, base64(hashes)])),
    Records: await Promise.all(
      places.map(async (index) => ({
        Index: index,
        Hash: base64(leafHash(entries[index] ?? new Uint8Array())),
        Proof: (await inclusionProof(index, tree)).map(base64),
      })),
    ),
    Growths: await Promise.all(
      places.map(async (index) => ({
        Older: index + 1,
        Root: base64(await rootFromTiles(beginningOf(tree, index + 1))),
        Proof: (await consistencyProof(index + 1, tree)).map(base64),
      })),
    ),
  };
};

const verifyTree = async ({ Size: size, Root, Tiles, Records, Growths }: SharedTree): Promise<void> => {
  const root = bytesOf(Root);
  const tiles = new Map(Object.entries(Tiles).map(([name, hashes]) => [name, bytesOf(hashes)]));
  const tree = { size, readTile: reading(tiles) };
  await checkTiles(tree, { root });
  for (const { Index, Hash, Proof } of Records ?? []) {
    verifyInclusion({ index: Index, hash: bytesOf(Hash) }, (Proof ?? []).map(bytesOf), { size, root });
    expect((await inclusionProof(Index, tree)).map(base64)).toEqual(Proof ?? []);
  }
  for (const { Older, Root: olderRoot, Proof } of Growths ?? []) {
    verifyConsistency({ size: Older, root: bytesOf(olderRoot) }, { size, root }, (Proof ?? []).map(bytesOf));
    expect((await consistencyProof(Older, tree)).map(base64)).toEqual(Proof ?? []);
  }
};

const packages = findSumdb();

test.runIf(packages !== null)('Go’s sumdb verifies what the product makes, and the product what Go makes', async () => {
  const log = testKey('ledger.example/org_1');
  const cosigner = { key: testKey('witness.example', 'WITNESS'), time: 1_700_000_000 };
  const Trees = await Promise.all(sizes.map(sharedTree));
  const Notes = Trees.map(({ Size, Root }) => ({
    Note: signedCheckpoint({ origin: 'ledger.example/org_1', size: Size, root: bytesOf(Root) }, log, [cosigner]),
    Key: formatVerifierKey(log.verifier),
  }));
  const { Errors, ...fromGo } = runGo({ Notes, Trees });
  expect(Errors ?? []).toEqual([]);
  expect(fromGo.Notes).toHaveLength(sizes.length);
  for (const [place, { Note, Key }] of fromGo.Notes.entries()) {
    expect(verifyNote(parseNote(Note), [parseVerifierKey(Key)])).toHaveLength(1);
    const { size } = openCheckpoint(Notes[place]?.Note ?? '', [log.verifier, cosigner.key.verifier]);
    expect(parseNote(Note).text).toContain(`\n${size}\n`);
  }
  for (const [place, tree] of fromGo.Trees.entries()) {
    expect([tree.Size, Object.keys(tree.Tiles).length]).toEqual([
      sizes[place],
      Object.keys(Trees[place]?.Tiles ?? {}).length,
    ]);
    await verifyTree(tree);
  }
});

test.runIf(packages !== null)('Go’s sumdb refuses a changed note and a changed tile', async () => {
  const log = testKey('ledger.example/org_1');
  const note = signedCheckpoint({ origin: 'ledger.example/org_1', size: 2, root: new Uint8Array(32) }, log);
  const tree = await sharedTree(600);
  const first = bytesOf(tree.Tiles['tile/0/000'] ?? '').map((byte, at) => (at === 40 ? byte ^ 1 : byte));
  const { Errors } = runGo({
    Notes: [{ Note: note.replace('\n2\n', '\n3\n'), Key: formatVerifierKey(log.verifier) }],
    Trees: [{ ...tree, Tiles: { ...tree.Tiles, 'tile/0/000': base64(first) } }],
  });
  expect(Errors).toEqual([expect.stringContaining('note: '), expect.stringContaining('tree of 600: ')]);
});

/** Runs the program of Go, without a module and without the network. Go keeps what it has compiled. */
const runGo = (shared: Shared): Shared & { readonly Errors: readonly string[] | null } => {
  const cache = path.resolve('node_modules/.cache/go');
  mkdirSync(cache, { recursive: true });
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: packages ?? '', GOCACHE: cache, GOFLAGS: '' };
  const options = { input: JSON.stringify(shared), env, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync('go', ['run', 'tests/proof/go/check.go'], options);
  if (status !== 0) throw new Error(`go run ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
};
