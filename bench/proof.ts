import { leafBytes } from '../src/proof/leaf.ts';
import { hashBytes, leafHash } from '../src/proof/tree/merkle-hashes.ts';
import { verifyInclusion } from '../src/proof/tree/merkle-proofs.ts';
import { newTileBuilder } from '../src/proof/tree/tile-builder.ts';
import { subtreeHash } from '../src/proof/tree/tile-hashes.ts';
import { tilePath } from '../src/proof/tree/tile-paths.ts';
import { inclusionProof } from '../src/proof/tree/tile-proofs.ts';
import { nodeSha256 } from '../src/signing/log-keys.ts';
import { type Bench, compared, type Figures, type Row, whole } from './bench.ts';

/**
 * Measures the tiles of a log: building them, their size, and the proofs of one that has ten events for each license.
 */
export const proofFigures: Figures = {
  ids: ['tree'],
  measure: async (bench) => [measureBuilder(bench), ...(await measureProofs(bench))],
};

/** Returns the leaf of an event with this number, as long as those of the product. */
const leafOf = (number: number): Uint8Array => {
  const digits = number.toString(16).padStart(12, '0');
  return leafBytes({
    hash: digits.padStart(64, '0'),
    id: `01980000-0000-7000-8000-${digits}`,
    recordedAt: '2026-01-01T00:00:00.000Z',
    revision: number % 100,
    stream: `license-lic_01k0000000000000${digits.slice(-10)}`,
  });
};

/**
 * Compares tiles of a power of 2 of leaves with the root over them that is computed from one array. Both hash with
 * Node.
 */
const measureBuilder = ({ rounds, licenses, say }: Bench): Row => {
  const count = 2 ** Math.floor(Math.log2(licenses.large));
  say(`tiles of ${whole(count)} leaves`);
  const leaves = Array.from({ length: count }, (_, number) => leafOf(number));
  let [tilesPerSecond, plainPerSecond] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const [tiles, plain] = [() => rootByTiles(leaves), () => rootInMemory(leaves)];
    const [ofTiles, ofPlain] = [timed(tiles), timed(plain)];
    if (Buffer.compare(ofTiles.result, ofPlain.result) !== 0) throw new Error('The two ways have different roots.');
    tilesPerSecond = Math.max(tilesPerSecond, (count / ofTiles.ms) * 1_000);
    plainPerSecond = Math.max(plainPerSecond, (count / ofPlain.ms) * 1_000);
  }
  return compared('tree', 'tiles / hashing the same leaves in memory', [tilesPerSecond, plainPerSecond], '>= 0.5');
};

const timed = (work: () => Uint8Array) => {
  const startedMs = performance.now();
  const result = work();
  return { result, ms: performance.now() - startedMs };
};

const rootByTiles = (leaves: readonly Uint8Array[]): Uint8Array => {
  const builder = newTileBuilder({ onFullTile: () => undefined, hash: nodeSha256 });
  for (const leaf of leaves) builder.append(leafHash(leaf, nodeSha256));
  return builder.root();
};

const rootInMemory = (leaves: readonly Uint8Array[]): Uint8Array => {
  const hashes = new Uint8Array(leaves.length * hashBytes);
  leaves.forEach((leaf, at) => {
    hashes.set(leafHash(leaf, nodeSha256), at * hashBytes);
  });
  return subtreeHash(hashes, 0, leaves.length, nodeSha256);
};

const measureProofs = async ({ licenses, say }: Bench): Promise<readonly Row[]> => {
  const size = licenses.large * 10;
  say(`a tree of ${whole(size)} leaves`);
  const tiles = new Map<string, Uint8Array>();
  const builder = newTileBuilder({
    onFullTile: ({ tile, hashes }) => tiles.set(tilePath(tile), hashes),
    hash: nodeSha256,
  });
  for (let number = 0; number < size; number++) builder.append(leafHash(leafOf(number), nodeSha256));
  const full = tiles.size;
  for (const { tile, hashes } of builder.partials()) tiles.set(tilePath(tile), hashes);
  const root = builder.root();
  const bytes = [...tiles.values()].reduce((sum, { length }) => sum + length, 0);

  const tree = { size, readTile: async (tile: Parameters<typeof tilePath>[0]) => tiles.get(tilePath(tile)) ?? root };
  const timesMs: number[] = [];
  let processorMs = 0;
  for (let drawn = 0; drawn < 1_000; drawn++) {
    // Steps of a large prime spread the events over the log.
    const index = (drawn * 7_654_321) % size;
    const [startedMs, used] = [performance.now(), process.cpuUsage()];
    const proof = await inclusionProof(index, { ...tree, hash: nodeSha256 });
    timesMs.push(performance.now() - startedMs);
    const { user, system } = process.cpuUsage(used);
    processorMs += (user + system) / 1_000;
    verifyInclusion({ index, hash: leafHash(leafOf(index)) }, proof, { size, root });
  }
  timesMs.sort((one, other) => one - other);
  const [p50 = 0, p99 = 0] = [timesMs[500], timesMs[990]];
  const what = `of ${whole(size)} leaves`;
  const madeOf = `p50 ${p50.toFixed(2)} ms, ${(processorMs / timesMs.length).toFixed(2)} ms of processor time; tiles in memory`;
  return [
    ['tree', `inclusion proof ${what}, p99 in ms`, p99.toFixed(2), '<= 5', madeOf],
    ['tree', `tiles ${what}, MB`, whole(bytes / 1e6), '<= 400', `${whole(full)} full tiles`],
  ];
};
