import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { NotCovered, PackImpossible } from '../application/packs/covered-histories.ts';
import { makePack, organizationPackBytesMax, type PackNeeds, packRequestOf } from '../application/packs/make-pack.ts';
import type { Log } from '../postgres/log.ts';
import { newSha256 } from '../proof/hashing/sha256.ts';
import { hexOf } from '../proof/text/bytes.ts';
import {
  type ClaimedPack,
  ClaimLost,
  claimPack,
  endPack,
  extendClaim,
  giveBackPack,
  partsOfPack,
  purgePacks,
  writePackPart,
} from '../records/pack-jobs.ts';

/** What the job needs. `pool`: with the role ledger_worker. `apiPool`: with the role ledger_api. */
export type MakePacksNeeds = Pick<PackNeeds, 'store' | 'version' | 'now' | 'signal'> & {
  readonly pool: Pool;
  readonly apiPool: Pool;
  readonly log: Log;
  /** How long a pack waits for its checkpoint, in milliseconds. Default: two minutes. */
  readonly waitMs?: number;
  /** How much of this time it waits at once, in milliseconds. Then others get its place for as long. Default: 5 s. */
  readonly waitAtOnceMs?: number;
};

/** How many packs a worker makes at a time, each of another organization. */
export const packsAtOnce = 2;

/** After so many tries that did not end a pack has failed. */
export const packTriesMax = 5;

const waitMsDefault = 120_000;

const waitAtOnceMsDefault = 5_000;

// The first try after a fault comes so much later, and each further one later by as much again.
const secondsAfterFault = 10;

/**
 * Makes the packs that are queued, at most `packsAtOnce` at a time, until none is left. A worker that stops gives its
 * packs back. When a worker dies, another one begins again after a minute. After a fault, or without a checkpoint, a worker
 * tries again a little later. Returns how many packs ended. Throws the first fault of the database when all makers ended.
 */
export const makePacks = async (needs: MakePacksNeeds): Promise<number> => {
  // The files of expired packs would take the room of new ones.
  await purgePacks(needs.pool, needs.now(), needs.signal);
  let busy = 0;
  let ended = 0;
  const work = async (): Promise<void> => {
    while (!needs.signal.aborted) {
      const pack = await claimPack(needs.pool);
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
  const makers = await Promise.allSettled(Array.from({ length: packsAtOnce }, work));
  const failed = makers.find((maker) => maker.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended;
};

const idleMs = 1_000;

/** Makes one pack and ends it. Returns false when another worker has it or will have it. */
const makeClaimed = async (needs: MakePacksNeeds, pack: ClaimedPack): Promise<boolean> => {
  const { pool, now } = needs;
  try {
    if (pack.tries > packTriesMax)
      throw new PackImpossible(`The server began the pack ${packTriesMax} times, and did not end it.`);
    await endPack(pool, pack, { state: 'READY', ...(await write(needs, pack)) }, now());
    return true;
  } catch (error) {
    return endWithout(needs, pack, error);
  }
};

/** Ends a try that made no file. Returns true when the pack has failed, and false when it is given back. */
const endWithout = async (needs: MakePacksNeeds, pack: ClaimedPack, error: unknown): Promise<boolean> => {
  const { pool, log, now, signal } = needs;
  if (error instanceof ClaimLost) return false;
  if (signal.aborted) {
    await giveBackPack(pool, pack, { because: 'STOP', seconds: 0 });
    return false;
  }
  if (error instanceof NotCovered && mayWait(needs, pack)) {
    await giveBackPack(pool, pack, { because: 'WAIT', seconds: waitAtOnceOf(needs) / 1_000 });
    return false;
  }
  const isImpossible = error instanceof PackImpossible;
  const { packId, issuerOrgId: organizationId, tries } = pack;
  if (!isImpossible) log.error({ err: error, packId, organizationId, tries }, 'An evidence pack could not be made.');
  if (!isImpossible && tries < packTriesMax) {
    await giveBackPack(pool, pack, { because: 'FAULT', seconds: secondsAfterFault * tries });
    return false;
  }
  const reason = isImpossible ? error.message : 'The server failed. Its log has the error under the id of the pack.';
  try {
    await endPack(pool, pack, { state: 'FAILED', reason }, now());
    return true;
  } catch (lost) {
    if (lost instanceof ClaimLost) return false;
    throw lost;
  }
};

const waitAtOnceOf = ({ waitMs = waitMsDefault, waitAtOnceMs = waitAtOnceMsDefault }: MakePacksNeeds): number =>
  Math.min(waitMs, waitAtOnceMs);

const mayWait = (needs: MakePacksNeeds, { waitedMs }: ClaimedPack): boolean =>
  waitedMs + waitAtOnceOf(needs) < (needs.waitMs ?? waitMsDefault);

/** Makes the file and keeps the claim meanwhile. Throws ClaimLost. */
const write = async (needs: MakePacksNeeds, pack: ClaimedPack) => {
  const progress = { done: 0, total: 0 };
  const [ended, lost] = [new AbortController(), new AbortController()];
  const keeping = keepClaim(needs.pool, { pack, progress }, { ended: ended.signal, lost });
  try {
    return await writeFile({ ...needs, signal: AbortSignal.any([needs.signal, lost.signal]) }, pack, progress);
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    ended.abort();
    await keeping;
  }
};

type Progress = { done: number; total: number };

/** Notes the progress each second until `ended`, which keeps the claim. Aborts `lost` with ClaimLost. */
const keepClaim = async (
  pool: Pool,
  { pack, progress }: { readonly pack: ClaimedPack; readonly progress: Progress },
  { ended, lost }: { readonly ended: AbortSignal; readonly lost: AbortController },
): Promise<void> => {
  for (;;) {
    await delay(noteMs, undefined, { signal: ended }).catch(() => null);
    if (ended.aborted) return;
    // The claim lasts for many further tries.
    await extendClaim(pool, pack, progress).catch((error: unknown) => {
      if (error instanceof ClaimLost) lost.abort(error);
    });
  }
};

const writeFile = async (needs: MakePacksNeeds, pack: ClaimedPack, progress: Progress) => {
  const { pool, apiPool, store, version, now, signal } = needs;
  const making: PackNeeds = {
    ...{ store, version, now, signal, pool: apiPool },
    waitMs: waitAtOnceOf(needs),
    roomBytes: organizationPackBytesMax - pack.otherBytes,
    onWait: async () => {},
    onProgress: (done, total) => {
      Object.assign(progress, { done, total });
    },
  };
  const { size, manifest } = await makePack(making, packRequestOf(pack), async (at, bytes) => {
    signal.throwIfAborted();
    if (bytes.length > 0) await writePackPart(pool, pack, at, bytes);
  });
  const hash = newSha256();
  let stored = 0;
  for await (const part of partsOfPack(pool, pack)) {
    signal.throwIfAborted();
    hash.update(part);
    stored += part.length;
  }
  if (stored !== size) throw new Error(`The pack has ${size} bytes, and ${stored} of them are stored.`);
  return { size, sha256: hexOf(hash.digest()), hasLeaves: manifest.counts.leaves > 0 };
};

const noteMs = 1_000;
