import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { asTenant } from '../../postgres/tenant.ts';
import { countLeaves } from '../../projections/issuer-logs/log-leaves.ts';
import { demandCheckpoint, readServedCheckpoint, type StoredCheckpoint } from '../../records/issuer-trees.ts';
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
  const looks = joinLooks(pool, organizationId);
  const left = leaving(signal);
  try {
    for (;;) {
      const checkpoint = await Promise.race([nextLook(pool, organizationId, looks), left]);
      if (checkpoint !== null && checkpoint.size >= size) return { checkpoint: signedOf(checkpoint), isNew: true };
      if (signal.aborted || performance.now() >= until) return null;
    }
  } finally {
    leaveLooks(pool, organizationId, looks);
  }
};

/** The looks of this process at the checkpoint of one organization, which all who wait for it share. */
type Looks = { waiters: number; pauseMs: number; next: Promise<StoredCheckpoint | null> | null };

// The requests that wait are outside of admission, and may be a thousand of one organization.
const looksOfPools = new WeakMap<Pool, Map<string, Looks>>();

const joinLooks = (pool: Pool, organizationId: string): Looks => {
  const ofPool = looksOfPools.get(pool) ?? new Map<string, Looks>();
  looksOfPools.set(pool, ofPool);
  const looks = ofPool.get(organizationId) ?? { waiters: 0, pauseMs: 50, next: null };
  ofPool.set(organizationId, looks);
  looks.waiters += 1;
  return looks;
};

const leaveLooks = (pool: Pool, organizationId: string, looks: Looks): void => {
  looks.waiters -= 1;
  if (looks.waiters === 0) looksOfPools.get(pool)?.delete(organizationId);
};

const nextLook = (pool: Pool, organizationId: string, looks: Looks): Promise<StoredCheckpoint | null> => {
  looks.next ??= lookOnce(pool, organizationId, looks).finally(() => {
    looks.next = null;
  });
  return looks.next;
};

const lookOnce = async (pool: Pool, organizationId: string, looks: Looks): Promise<StoredCheckpoint | null> => {
  // Again each time: a notary that signed an older size has removed the demand.
  await asTenant(pool, organizationId, (db) => demandCheckpoint(db, organizationId), { readOnly: false });
  await delay(looks.pauseMs, undefined, { ref: false });
  looks.pauseMs = Math.min(looks.pauseMs * 2, 1_000);
  return asTenant(pool, organizationId, (db) => readServedCheckpoint(db, organizationId));
};

const leaving = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
