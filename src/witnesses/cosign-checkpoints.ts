import type { Pool } from 'pg';
import { InvalidProof } from '../proof/invalid.ts';
import { readCosignature } from '../proof/notes/cosignatures.ts';
import { formatSignature, parseNote } from '../proof/notes/signed-notes.ts';
import { addCosignatures } from '../proof/notes/witness-requests.ts';
import { consistencyProof } from '../proof/tree/tile-proofs.ts';
import { readLastCheckpoint, tilesOf } from '../records/issuer-trees.ts';
import { noteCosignature, readUncosigned, type Uncosigned } from '../records/stored-cosignatures.ts';
import { nodeSha256 } from '../signing/log-keys.ts';
import { askWitness, type WitnessAnswer, WitnessFailed, WitnessFaulty, WitnessSilent } from './ask-witness.ts';
import type { Witness } from './witness-list.ts';

/** What a round needs. `pool`: as ledger_worker. */
export type CosignNeeds = {
  readonly pool: Pool;
  readonly witness: Witness;
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
};

/**
 * `cosigned`: how many checkpoints got a cosignature. `problem`: a sentence about the witness as a whole, or about the
 * first log that it refuses; null when all is well.
 */
export type Round = { readonly cosigned: number; readonly problem: string | null };

/**
 * Returns a function that asks a witness for the newest checkpoint of each log, one after another. It ends early when the
 * witness does not answer, or has a fault three times in a row. A log that it refuses, or has a fault with, is asked for again after ten minutes. Two processes that ask at
 * once do no harm.
 */
export const createCosigning = (needs: CosignNeeds): (() => Promise<Round>) => {
  const refused = new Map<string, { readonly untilMs: number; readonly problem: string }>();
  let faultsInARow = 0;

  const cosignLog = async (checkpoint: Uncosigned): Promise<boolean> => {
    const { issuerOrgId } = checkpoint;
    const earlier = refused.get(issuerOrgId);
    if (earlier !== undefined && earlier.untilMs > needs.nowMs()) return false;
    refused.delete(issuerOrgId);
    try {
      const isCosigned = await cosign(needs, checkpoint);
      faultsInARow = 0;
      return isCosigned;
    } catch (error) {
      const isFaulty = error instanceof WitnessFaulty;
      if (!(isFaulty || error instanceof WitnessFailed || error instanceof InvalidProof)) throw error;
      faultsInARow = isFaulty ? faultsInARow + 1 : 0;
      refused.set(issuerOrgId, {
        untilMs: needs.nowMs() + refusedMs,
        problem: `the log of ${issuerOrgId}: ${error.message}`,
      });
      if (isFaulty && faultsInARow >= faultsMax) throw error;
      return false;
    }
  };

  return async () => {
    let cosigned = 0;
    faultsInARow = 0;
    try {
      for (let after: string | null = ''; after !== null; ) {
        const page = await readUncosigned(needs.pool, needs.witness.key, after);
        for (const checkpoint of page.checkpoints) {
          needs.signal.throwIfAborted();
          if (await cosignLog(checkpoint)) cosigned += 1;
        }
        after = page.next;
      }
    } catch (error) {
      if (error instanceof WitnessSilent) return { cosigned, problem: error.message };
      throw error;
    }
    const [first] = refused.values();
    return { cosigned, problem: first?.problem ?? null };
  };
};

/**
 * Asks again when the witness has cosigned another size than this server knows. Returns false when that is for a later
 * round: the tiles are being built again, or another process has got a cosignature of a newer checkpoint.
 */
const cosign = async (needs: CosignNeeds, checkpoint: Uncosigned): Promise<boolean> => {
  const { size } = checkpoint;
  let answer = await ask(needs, checkpoint, checkpoint.cosigned);
  if (answer?.kind === 'conflict') {
    if (answer.size > size) {
      await requireNewer(needs, checkpoint, answer.size);
      return false;
    }
    answer = await ask(needs, checkpoint, answer.size);
  }
  if (answer === null) return false;
  if (answer.kind === 'conflict') throw new WitnessFailed(`It answers another size each time, last ${answer.size}.`);
  await store(needs, checkpoint, answer.lines);
  return true;
};

/** Returns null when a tile for the proof is missing. */
const ask = async (
  { pool, witness, signal }: CosignNeeds,
  { issuerOrgId, size, note }: Uncosigned,
  oldSize: number,
): Promise<WitnessAnswer | null> => {
  const tree = { size, readTile: tilesOf(pool, issuerOrgId), hash: nodeSha256 };
  const proof = await consistencyProof(oldSize, tree).catch((error: unknown) => {
    if (error instanceof InvalidProof) return null;
    throw error;
  });
  return proof === null ? null : askWitness(witness.url, { oldSize, proof, checkpoint: note }, { signal });
};

/** Throws WitnessFailed when no checkpoint here is as large as the one that the witness has cosigned. */
const requireNewer = async (
  { pool }: CosignNeeds,
  { issuerOrgId, size }: Uncosigned,
  witnessed: number,
): Promise<void> => {
  const newest = (await readLastCheckpoint(pool, issuerOrgId))?.size ?? size;
  if (newest < witnessed) throw new WitnessFailed(largerTree(witnessed, newest));
};

const store = async ({ pool, witness: { key } }: CosignNeeds, checkpoint: Uncosigned, lines: string): Promise<void> => {
  const { text, signatures } = parseNote(addCosignatures(checkpoint.note, lines, [key]));
  const signature = signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId);
  if (signature === undefined)
    throw new WitnessFailed('It cosigned with another key than the one of LEDGER_WITNESSES.');
  const { time } = readCosignature(signature.bytes, text);
  await noteCosignature(pool, checkpoint, key, { line: formatSignature(signature), time });
};

const largerTree = (witnessed: number, size: number): string =>
  `It has cosigned a checkpoint of ${witnessed} leaves, and the newest one here has ${size}. ` +
  'Another server signs this log, or a backup was restored: see ledger log restart.';

const refusedMs = 600_000;
const faultsMax = 3;
