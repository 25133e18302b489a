import type { Pool, PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type IndexedLeaf, leafOfEvent, leafOfOwnEvent } from '../../projections/issuer-logs/log-leaves.ts';
import { feedEventById } from '../../projections/queries/event-feed.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { leafBytes } from '../../proof/leaf.ts';
import type { TlogProof } from '../../proof/notes/tlog-proofs.ts';
import { leafHash } from '../../proof/tree/merkle-hashes.ts';
import { verifyInclusion } from '../../proof/tree/merkle-proofs.ts';
import { inclusionProof } from '../../proof/tree/tile-proofs.ts';
import { readServedCheckpoint, tilesOf } from '../../records/issuer-trees.ts';
import { nodeSha256 } from '../../signing/log-keys.ts';
import type { Refusal } from '../refusal.ts';
import { accessToLog, beingRebuilt, signedOf } from './open-log.ts';

/** The proof of an event and its leaf as bytes. */
export type EventProof = TlogProof & { readonly leaf: Uint8Array };

/**
 * Returns the proof that the served checkpoint covers an event: of a license that the organization issues, or held at
 * the event, or of its own catalog and itself. A holder gets it only when the issuer allows it, because an index tells
 * how much the issuer records. Refuses an event after the checkpoint.
 */
export const proveEvent = async (
  pool: Pool,
  organizationId: string,
  eventId: string,
): Promise<EventProof | Refusal> => {
  const place = await asTenant(pool, organizationId, (db) => placeOf(db, organizationId, eventId));
  if (place === null) return noEvent;
  const { issuerOrgId } = place;
  return asTenant(pool, issuerOrgId, async (db) => {
    if (issuerOrgId !== organizationId) {
      const { holdersGetProofs, logIsPublic } = await accessToLog(db, issuerOrgId);
      if (!holdersGetProofs && !logIsPublic) return onlyIssuer;
    }
    const indexed = 'index' in place ? place : await leafOfEvent(db, issuerOrgId, place);
    return indexed === null ? noIndex : proveLeaf(db, issuerOrgId, indexed);
  });
};

const placeOf = async (db: PoolClient, organizationId: string, eventId: string) => {
  const event = await feedEventById(db, eventId);
  if (event !== null) {
    const { issuerOrgId, licenseId, revision } = event;
    return { issuerOrgId, stream: `license-${licenseId}`, revision, eventId };
  }
  const own = await leafOfOwnEvent(db, organizationId, eventId);
  return own === null ? null : { issuerOrgId: organizationId, ...own };
};

const proveLeaf = async (
  db: PoolClient,
  issuerOrgId: string,
  { index, leaf: named }: IndexedLeaf,
): Promise<EventProof | Refusal> => {
  const checkpoint = await readServedCheckpoint(db, issuerOrgId);
  if (checkpoint === null || index >= checkpoint.size) return notInCheckpoint;
  const { size } = checkpoint;
  const leaf = leafBytes(named);
  try {
    const proof = await inclusionProof(index, { size, readTile: tilesOf(db, issuerOrgId), hash: nodeSha256 });
    // A notary that builds the tiles again may have replaced some since the checkpoint was read.
    verifyInclusion({ index, hash: leafHash(leaf, nodeSha256) }, proof, checkpoint);
    return { extra: null, index, proof, checkpoint: signedOf(checkpoint).note, leaf };
  } catch (error) {
    if (error instanceof InvalidProof) return beingRebuilt;
    throw error;
  }
};

const noEvent: Refusal = reject('NOT_FOUND', 'There is no such event.');

const noIndex: Refusal = reject(
  'NOT_FOUND',
  'The log does not have this event, because its stored envelope is not valid. Ask the operator for `ledger verify`.',
);

const onlyIssuer: Refusal = reject(
  'FORBIDDEN',
  'The issuer of this license does not give proofs to holders. Ask the issuer for the proof, or to set holdersGetProofs.',
);

const notInCheckpoint: Refusal = reject(
  'NOT_IN_CHECKPOINT_YET',
  'No signed checkpoint covers this event yet. Try again in a minute, or ask for a checkpoint: POST /v1/logs/{organizationId}/checkpoints.',
);
