import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { asTenant } from '../../postgres/tenant.ts';
import { countLeaves } from '../../projections/issuer-logs/log-leaves.ts';
import { demandCheckpoint, readServedCheckpoint } from '../../records/issuer-trees.ts';
import { type SignedCheckpoint, signedOf } from './open-log.ts';

/** How long a request waits for the notary, in milliseconds: less than clients wait for an answer. */
export const waitMsMax = 8_000;

/** The checkpoint, and whether it was signed for this request. */
export type CheckpointNow = { readonly checkpoint: SignedCheckpoint; readonly isNew: boolean };

/** What the wait does before its first pause, and when it ends early. */
type Waiting = { readonly onWait: () => void; readonly signal: AbortSignal; readonly forMs?: number };

/**
 * Returns a checkpoint of the organization’s log that covers all leaves known at the call. Asks the notary for one when
 * the served one does not, and waits for it, at most `waitMsMax`. Returns null when there is none by then.
 */
export const getCheckpointNow = async (
  pool: Pool,
  organizationId: string,
  { onWait, signal, forMs = waitMsMax }: Waiting,
): Promise<CheckpointNow | null> => {
  const until = performance.now() + forMs;
  const { size, served } = await asTenant(pool, organizationId, async (db) => ({
    size: await countLeaves(db, organizationId),
    served: await readServedCheckpoint(db, organizationId),
  }));
  if (served !== null && served.size >= size) return { checkpoint: signedOf(served), isNew: false };
  onWait();
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    // Again each time: a notary that signed an older size has removed the demand.
    await asTenant(pool, organizationId, (db) => demandCheckpoint(db, organizationId), { readOnly: false });
    await delay(pauseMs, undefined, { signal }).catch(() => null);
    const checkpoint = await asTenant(pool, organizationId, (db) => readServedCheckpoint(db, organizationId));
    if (checkpoint !== null && checkpoint.size >= size) return { checkpoint: signedOf(checkpoint), isNew: true };
    if (signal.aborted || performance.now() >= until) return null;
  }
};
