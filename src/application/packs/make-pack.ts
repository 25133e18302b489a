import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { foldVersions } from '../../aggregates/fold-versions.ts';
import type { Instant } from '../../domain/time.ts';
import { leavesMax } from '../../packs/pack-files.ts';
import type { PackQuery } from '../../packs/pack-manifest.ts';
import { type PackContent, type WrittenPack, writePack } from '../../packs/write-pack.ts';
import { type WriteAt, ZipTooLarge } from '../../packs/zip/write-zip.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { readLeaves } from '../../projections/issuer-logs/log-leaves.ts';
import type { Leaf } from '../../proof/leaf.ts';
import type { ReadTile } from '../../proof/tree/tile-hashes.ts';
import { tilePath } from '../../proof/tree/tile-paths.ts';
import { inclusionProof } from '../../proof/tree/tile-proofs.ts';
import type { NewPack } from '../../records/audit-packs.ts';
import { readLogKeys, tilesOf } from '../../records/issuer-trees.ts';
import { nodeSha256 } from '../../signing/log-keys.ts';
import { awaitCover, type Covered, type HistoryNeeds, PackImpossible, readHistoryOf } from './covered-histories.ts';

/**
 * What making a pack needs. `version`: of this release. `roomBytes`: what the quota of the organization leaves; default: no
 * quota. `onProgress` gets the lines so far, and all lines.
 */
export type PackNeeds = HistoryNeeds & {
  readonly version: string;
  readonly roomBytes?: number;
  readonly now: () => Date;
  readonly onProgress: (done: number, total: number) => void;
};

/** A request for a pack. `licenses`: the ids in their order, each once. */
export type PackRequest = {
  readonly organizationId: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly query: PackQuery;
  readonly licenses: readonly string[];
  readonly hasLeaves: boolean;
};

/** Returns the request of a stored pack. */
export const packRequestOf = ({ issuerOrgId, query, ...pack }: Omit<NewPack, 'now'>): PackRequest => ({
  organizationId: issuerOrgId,
  actor: pack.actor,
  // `requestPack` has written it.
  query: query as PackQuery & NewPack['query'],
  licenses: pack.licenses,
  hasLeaves: pack.hasLeaves,
});

/** The most bytes of a pack. */
export const packBytesMax = 2_000_000_000;

/** The most bytes of all packs of an organization on the server. */
export const organizationPackBytesMax = 4_000_000_000;

/**
 * Makes the pack of some licenses with a checkpoint that covers all their present events, and writes it. Reads in pages.
 * Throws NotCovered, PackImpossible with a sentence for the one who requested it, and what `writeAt` throws.
 */
export const makePack = async (needs: PackNeeds, request: PackRequest, writeAt: WriteAt): Promise<WrittenPack> => {
  const covered = await awaitCover(needs, request.organizationId, request.licenses);
  const { roomBytes = packBytesMax } = needs;
  try {
    return await writePack(await contentOf(needs, request, covered), writeAt, Math.min(packBytesMax, roomBytes));
  } catch (error) {
    if (error instanceof ZipTooLarge) throw new PackImpossible(roomBytes < packBytesMax ? noRoom : tooLarge);
    throw error;
  }
};

const tooLarge = `The pack would have more than ${packBytesMax} bytes. Choose fewer licenses.`;
const noRoom = `With this pack, the packs of your organization would have more than ${organizationPackBytesMax} bytes, which is the quota. Delete packs that you no longer need, with DELETE /v1/audit/packs/{packId}, and request the pack again.`;

const contentOf = async (needs: PackNeeds, request: PackRequest, covered: Covered): Promise<PackContent> => {
  const { pool, version, now, onProgress } = needs;
  const { organizationId, actor, query, licenses } = request;
  const { checkpoint, last } = covered;
  const { size, origin } = checkpoint;
  const hasLeaves = request.hasLeaves && size <= leavesMax;
  const keys = await asTenant(pool, organizationId, (db) => readLogKeys(db, organizationId));
  const events = [...last.values()].reduce((sum, revision) => sum + Number(revision) + 1, 0);
  const total = events + licenses.length + (hasLeaves ? size : events);
  let done = 0;
  onProgress(done, total);
  return {
    ...{ organizationId, actor, query, licenses },
    createdAt: laterOf(now().toISOString(), query.to),
    software: { version, fold: foldVersions.license },
    checkpoint: checkpoint.note,
    keys: keys
      .filter((key) => key.origin === origin)
      .map(({ vkey }) => `${vkey}\n`)
      .join(''),
    eventsOf: (licenseId) => readHistoryOf(needs, organizationId, { licenseId, last: last.get(licenseId) ?? -1n }),
    leaves: hasLeaves ? () => leavesOf(needs, organizationId, size) : null,
    proofOf: hasLeaves ? null : proofsOf(pool, organizationId, size),
    onProgress: (lines) => {
      done += lines;
      onProgress(done, total);
    },
  };
};

// The clock of a worker may be behind that of the server which took the request. No pack is older than its states.
const laterOf = (one: Instant, other: Instant): Instant => (one > other ? one : other);

async function* leavesOf(
  { pool, signal }: PackNeeds,
  organizationId: string,
  size: number,
): AsyncGenerator<readonly Leaf[]> {
  for (let from = 0; from < size; from += leavesAtOnce) {
    signal.throwIfAborted();
    const count = Math.min(leavesAtOnce, size - from);
    const page = await asTenant(pool, organizationId, (db) => readLeaves(db, organizationId, { from, count }));
    if (page.length !== count)
      throw new PackImpossible('The leaves of the log are being built again. Request the pack again in a few minutes.');
    yield page.map(({ leaf }) => leaf);
  }
}

/** Returns what makes inclusion proofs. Events of one license often share tiles, so it remembers some. */
const proofsOf = (pool: Pool, organizationId: string, size: number) => {
  const known = new LRUCache<string, Uint8Array>({ max: tilesKept });
  const readTile: ReadTile = async (tile) => {
    const path = tilePath(tile);
    const hashes = known.get(path) ?? (await asTenant(pool, organizationId, (db) => tilesOf(db, organizationId)(tile)));
    known.set(path, hashes);
    return hashes;
  };
  return (index: number) => inclusionProof(index, { size, readTile, hash: nodeSha256 });
};

const leavesAtOnce = 2_000;
const tilesKept = 500;
