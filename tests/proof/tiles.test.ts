import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { checkEntries, checkTiles } from '../../src/proof/tree/check-tiles.ts';
import { formatBundle, parseBundle } from '../../src/proof/tree/entry-bundles.ts';
import { leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { continueTiles, newTileBuilder, type TileWithHashes } from '../../src/proof/tree/tile-builder.ts';
import {
  bundlePath,
  parseBundlePath,
  parseTilePath,
  partialTiles,
  tileAt,
  tilePath,
} from '../../src/proof/tree/tile-paths.ts';
import { inclusionProof, rootFromTiles } from '../../src/proof/tree/tile-proofs.ts';
import { nodeSha256 } from '../../src/signing/log-keys.ts';
import { sized } from '../support/size.ts';
import { naiveLeafHash, naiveRoot } from './naive-tree.ts';
import { beginningOf, hex, leaves, reading, treeOf } from './stored-tree.ts';

describe('The path of a tile', () => {
  test.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, index: 999, width: 17 }, 'tile/1/999.p/17'],
    [{ level: 0, index: 1000, width: 256 }, 'tile/0/x001/000'],
    [{ level: 3, index: 1234067, width: 256 }, 'tile/3/x001/x234/067'],
    [{ level: 63, index: 1234067, width: 8 }, 'tile/63/x001/x234/067.p/8'],
  ])('of %o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test('leads back to the tile, for every index and width', () => {
    const tile = fc.record({ level: fc.nat(63), index: fc.nat(2 ** 31 - 1), width: fc.integer({ min: 1, max: 256 }) });
    fc.assert(
      fc.property(tile, (any) => {
        expect(parseTilePath(tilePath(any))).toEqual(any);
      }),
    );
    const { level, ...bundle } = { level: 0, index: 70_000, width: 3 };
    expect(bundlePath(bundle)).toBe('tile/entries/x070/000.p/3');
    expect(parseBundlePath(bundlePath(bundle))).toEqual(bundle);
    expect(level).toBe(0);
  });

  test.each([
    ...['tile/0/0', 'tile/0/x000/000', 'tile/0/1000', 'tile/0/001/000', 'tile/00/000', 'tile/64/000', 'tile/-1/000'],
    ...[
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/01',
      'tile/0/000.p/',
      'tile/0/x001',
      'tile/0/000/',
      '/tile/0/000',
    ],
    ...['tile/0/x009/x007/x199/x254/x740/992', 'tile/0/../000', 'tile/entries/000', 'tile/0/000\n', 'tile/0/٠٠٠', ''],
  ])('has one form only, so %j is refused', (path) => {
    expect(() => parseTilePath(path)).toThrow(InvalidProof);
  });

  test('tells which tiles a tree has, in the example of the standard', () => {
    expect(partialTiles(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(tileAt(0, 272, 70_000)).toEqual({ level: 0, index: 272, width: 256 });
    for (const [level, index] of [
      [1, 2],
      [0, -1],
      [0, 0.5],
      [-1, 0],
    ] as const)
      expect(() => tileAt(level, index, 70_000)).toThrow(InvalidProof);
  });
});

describe('A bundle of entries', () => {
  test('contains its entries, of any length up to 65,535 bytes', () => {
    const entries = [new Uint8Array(), Uint8Array.of(1), new Uint8Array(65_535).fill(7), new Uint8Array(256)];
    expect(parseBundle(formatBundle(entries), 4).map(hex)).toEqual(entries.map(hex));
    expect(() => formatBundle([new Uint8Array(65_536)])).toThrow(InvalidProof);
    expect(() => formatBundle(leaves(257))).toThrow(InvalidProof);
  });

  test('is refused with another number of entries, cut anywhere, or with a flipped bit', () => {
    const entries = leaves(5);
    const bundle = formatBundle(entries);
    const hashes = Uint8Array.from(entries.flatMap((entry) => [...leafHash(entry)]));
    const check = (bytes: Uint8Array) => checkEntries(parseBundle(bytes, 5), hashes, nodeSha256);
    check(bundle);
    expect(() => parseBundle(bundle, 4)).toThrow(InvalidProof);
    for (let length = 0; length < bundle.length; length++)
      expect(() => check(bundle.slice(0, length))).toThrow(InvalidProof);
    for (let bit = 0; bit < bundle.length * 8; bit++) {
      const other = bundle.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => check(other), `bit ${bit}`).toThrow(InvalidProof);
    }
  });
});

const entries = leaves(66_000);
const large = treeOf(entries);
const fullTiles = (size: number): number => Math.floor(size / 256) + Math.floor(size / 65_536);

describe('The builder of tiles', () => {
  test('continues a stored tree at any size, with the same tiles as one that never stopped', async () => {
    expect(large.root).toEqual(naiveRoot(entries.map(naiveLeafHash)));
    for (const at of [0, 1, 255, 256, 257, 65_300, 65_536, 65_600]) {
      const full: TileWithHashes[] = [];
      const needs = { onFullTile: (tile: TileWithHashes) => full.push(tile), hash: nodeSha256 };
      const builder = await continueTiles(at, beginningOf(large, at).readTile, needs);
      for (const entry of entries.slice(at, at + 300)) builder.append(leafHash(entry, nodeSha256));
      const after = beginningOf(large, at + 300);
      expect(hex(builder.root())).toBe(hex(await rootFromTiles(after)));
      for (const { tile, hashes } of [...full, ...builder.partials()])
        expect(hex(hashes), tilePath(tile)).toBe(hex(await after.readTile(tile)));
      expect(builder.partials().map(({ tile }) => tile)).toEqual(partialTiles(at + 300));
      expect(full.length).toBe(fullTiles(at + 300) - fullTiles(at));
    }
  });

  test('never changes a full tile, and copies what it hands out', () => {
    const full: TileWithHashes[] = [];
    const builder = newTileBuilder({ onFullTile: (tile) => full.push(tile) });
    for (const entry of leaves(256)) builder.append(leafHash(entry));
    const [first] = full.map(({ hashes }) => hashes.slice());
    for (const entry of leaves(300)) builder.append(leafHash(entry));
    expect(full[0]?.hashes).toEqual(first);
    const [partial] = builder.partials();
    partial?.hashes.fill(0);
    expect(builder.partials()[0]?.hashes).not.toEqual(partial?.hashes);
    expect(() => builder.append(Uint8Array.of(1))).toThrow(InvalidProof);
  });

  test('refuses a stored tile of another length', async () => {
    const needs = { onFullTile: () => undefined };
    await expect(continueTiles(3, () => Promise.resolve(new Uint8Array(95)), needs)).rejects.toThrow(
      /tile\/0\/000\.p\/3/,
    );
    await expect(continueTiles(2 ** 53, () => Promise.resolve(new Uint8Array()), needs)).rejects.toThrow(InvalidProof);
  });
});

describe('A changed tile', () => {
  const tree = large;
  const changed = (path: string, change: (hashes: Uint8Array) => Uint8Array) => {
    const tiles = new Map(tree.tiles);
    tiles.set(path, change(tree.tiles.get(path) ?? new Uint8Array()));
    return { ...tree, readTile: reading(tiles) };
  };

  test('is named, for a flipped bit, a lost hash and two swapped hashes in any tile', async () => {
    await checkTiles(tree, tree);
    const paths = [...tree.tiles.keys()];
    expect(paths).toEqual(expect.arrayContaining(['tile/0/255', 'tile/1/000', 'tile/1/001.p/1', 'tile/2/000.p/1']));
    await fc.assert(
      fc.asyncProperty(fc.nat(paths.length - 1), fc.nat(), async (place, chosen) => {
        const path = paths[place] ?? '';
        const bit = chosen % ((tree.tiles.get(path)?.length ?? 1) * 8);
        const flipped = changed(path, (hashes) =>
          hashes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
        );
        await expect(checkTiles(flipped, tree)).rejects.toThrow(/does not have the hash|do not lead to the root/);
        const cut = changed(path, (hashes) => hashes.slice(32));
        await expect(checkTiles(cut, tree)).rejects.toThrow(`${path} has`);
      }),
      { numRuns: sized(200, 4) },
    );
    const swapped = changed('tile/0/007', (hashes) =>
      Uint8Array.of(...hashes.slice(32, 64), ...hashes.slice(0, 32), ...hashes.slice(64)),
    );
    await expect(checkTiles(swapped, tree)).rejects.toThrow(
      'tile/0/007 does not have the hash that tile/1/000 contains.',
    );
  });

  test('of the wrong length makes no proof', async () => {
    const cut = changed('tile/0/000', (hashes) => hashes.slice(1));
    await expect(inclusionProof(3, cut)).rejects.toThrow('tile/0/000 has 8191 bytes, and it must have 8192.');
  });
});
