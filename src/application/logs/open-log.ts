import type { Pool, PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { LogAccess } from '../../domain/organization/events.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { organizationById } from '../../projections/tables/organizations.ts';
import { readServedCheckpoint, type StoredCheckpoint } from '../../records/issuer-trees.ts';
import type { Refusal } from '../refusal.ts';

/** A read of the log of an organization. `reader`: the organization of the credential; null: nobody knows who reads. */
export type LogRead = { readonly organizationId: string; readonly reader: string | null };

/**
 * Reads the log of an organization as this organization, so row-level security shows all of it. Other readers are let in
 * only when the log is public. Otherwise they get one refusal, whether the log exists or not.
 */
export const openLog = <Result>(
  pool: Pool,
  { organizationId, reader }: LogRead,
  read: (db: PoolClient) => Promise<Result>,
): Promise<Result | Refusal> =>
  asTenant(pool, organizationId, async (db) => {
    if (reader === organizationId) return read(db);
    const access = await accessToLog(db, organizationId);
    return access.logIsPublic ? read(db) : noLog;
  });

/** Reads the log at its served checkpoint, with cosignatures. Refuses as `openLog`, and when the log has no checkpoint yet. */
export const openCheckpoint = <Result>(
  pool: Pool,
  log: LogRead,
  read: (db: PoolClient, checkpoint: SignedCheckpoint) => Promise<Result>,
): Promise<Result | Refusal> =>
  openLog(pool, log, async (db) => {
    const checkpoint = await readServedCheckpoint(db, log.organizationId);
    return checkpoint === null ? noCheckpoint : read(db, signedOf(checkpoint));
  });

/** Returns who else reads the log of the tenant of `db`. Nobody does when the organization does not exist or is closed. */
export const accessToLog = async (db: PoolClient, organizationId: string): Promise<LogAccess> => {
  const organization = await organizationById(db, organizationId);
  return organization?.closedAt === null ? organization : { logIsPublic: false, holdersGetProofs: false };
};

/** A checkpoint with the lines of its witnesses in its note. */
export type SignedCheckpoint = Omit<StoredCheckpoint, 'cosignatures'>;

/** Returns a checkpoint with the lines of its witnesses in its note. */
export const signedOf = ({ cosignatures, ...checkpoint }: StoredCheckpoint): SignedCheckpoint => ({
  ...checkpoint,
  note: checkpoint.note + cosignatures.join(''),
});

/** The refusal for a log that does not exist, and for one that is not public. */
export const noLog: Refusal = reject(
  'NOT_FOUND',
  'There is no such log, or its organization does not publish it. Send a credential of this organization.',
);

/** The refusal while no checkpoint is signed. */
export const noCheckpoint: Refusal = reject(
  'NOT_IN_CHECKPOINT_YET',
  'No checkpoint of this log is signed yet. The notary signs one within a minute of new events.',
);

/**
 * The refusal while the stored tiles or leaves do not have all that the checkpoint covers, as during a rebuild.
 */
export const beingRebuilt: Refusal = {
  ...reject(
    'NOT_PROJECTED_YET',
    'The stored tiles or leaves of this log do not lead to its checkpoint. The server builds tiles again. When this stays, the operator should run ledger verify.',
  ),
  retryAfterSeconds: 5,
};

/** Returns the refusal for a reader that takes another origin than that of the served checkpoint. */
export const otherOrigin = (served: string): Refusal =>
  reject('NOT_FOUND', `The origin of this log is ${served}. Read its checkpoint again, and no file of before.`);
