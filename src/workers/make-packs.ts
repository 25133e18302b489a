import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { PackImpossible } from '../application/packs/covered-histories.ts';
import { makePack, type PackNeeds, packRequestOf } from '../application/packs/make-pack.ts';
import type { Log } from '../postgres/log.ts';
import { newSha256 } from '../proof/hashing/sha256.ts';
import { hexOf } from '../proof/text/bytes.ts';
import {
  type ClaimedPack,
  ClaimLost,
  claimPack,
  endPack,
  extendClaim,
  partsOfPack,
  releasePack,
  writePackPart,
} from '../records/pack-jobs.ts';

/** What the job needs. `pool`: with the role ledger_worker. `apiPool`: with the role ledger_api. */
export type MakePacksNeeds = Pick<PackNeeds, 'store' | 'version' | 'now' | 'signal'> & {
  readonly pool: Pool;
  readonly apiPool: Pool;
  readonly log: Log;
  /** How long a pack waits for its checkpoint, in milliseconds. Default: two minutes. */
  readonly waitMs?: number;
};

/** How many packs a worker makes at a time, each of another organization. */
export const packsAtOnce = 2;

/** After so many tries that died a pack has failed. */
export const packTriesMax = 5;

const waitMsDefault = 120_000;

/**
 * Makes the packs that are queued, at most `packsAtOnce` at a time, until none is left. A worker that stops gives its
 * packs back. When a worker dies, another one begins again after a minute. Returns how many packs ended.
 */
export const makePacks = async (needs: MakePacksNeeds): Promise<number> => {
  let busy = 0;
  let ended = 0;
  const work = async (): Promise<void> => {
    while (!needs.signal.aborted) {
      const pack = await claimPack(needs.pool, needs.now());
      if (pack === null) {
        // A long pack of one organization does not delay those of others that are requested meanwhile.
        if (busy === 0) return;
        await delay(idleMs, undefined, { signal: needs.signal }).catch(() => null);
        continue;
      }
      busy += 1;
      try {
        if (await makeClaimed(needs, pack)) ended += 1;
      } finally {
        busy -= 1;
      }
    }
  };
  await Promise.all(Array.from({ length: packsAtOnce }, work));
  return ended;
};

const idleMs = 1_000;

/** Makes one pack and ends it. Returns false when another worker has it, or when this one stops. */
const makeClaimed = async (needs: MakePacksNeeds, pack: ClaimedPack): Promise<boolean> => {
  const { pool, log, now, signal } = needs;
  const { packId, issuerOrgId: organizationId, tries } = pack;
  try {
    if (tries > packTriesMax)
      throw new PackImpossible(`The server stopped ${packTriesMax} times while it made the pack.`);
    await endPack(pool, pack, { state: 'READY', ...(await write(needs, pack)) }, now());
    return true;
  } catch (error) {
    if (error instanceof ClaimLost) return false;
    if (signal.aborted) {
      await releasePack(pool, pack);
      return false;
    }
    const isImpossible = error instanceof PackImpossible;
    if (!isImpossible) log.error({ err: error, packId, organizationId }, 'An evidence pack could not be made.');
    const reason = isImpossible ? error.message : 'The server failed. Its log has the error under the id of the pack.';
    await endPack(pool, pack, { state: 'FAILED', reason }, now());
    return true;
  }
};

const write = async (needs: MakePacksNeeds, pack: ClaimedPack) => {
  const { pool, apiPool, store, version, now, signal } = needs;
  const progress = { done: 0, total: 0 };
  let notedMs = performance.now();
  const note = async (everyMs: number): Promise<void> => {
    if (performance.now() - notedMs < everyMs) return;
    notedMs = performance.now();
    await extendClaim(pool, pack, { ...progress, now: now() });
  };
  const making: PackNeeds = {
    ...{ store, version, now, signal, pool: apiPool },
    waitMs: needs.waitMs ?? waitMsDefault,
    onWait: () => note(noteMs),
    onProgress: (done, total) => {
      Object.assign(progress, { done, total });
    },
  };
  const { size } = await makePack(making, packRequestOf(pack), async (at, bytes) => {
    signal.throwIfAborted();
    if (bytes.length > 0) await writePackPart(pool, pack, at, bytes);
    await note(noteMs);
  });
  const hash = newSha256();
  for await (const part of partsOfPack(pool, pack)) {
    hash.update(part);
    await note(noteMs);
  }
  return { size, sha256: hexOf(hash.digest()) };
};

const noteMs = 1_000;
