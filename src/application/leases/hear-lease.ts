import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { Lease, License, LicenseFacts } from '../../domain/license/license.ts';
import { type Instant, later, plusSeconds } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { noteHeartbeat } from '../../records/lease-liveness.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { endLease } from './end-lease.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool };

/**
 * Sends a command that counts as a sign of life of the lease that `heldAfter` takes from its outcome, if any, and notes
 * that. Where somebody was about to end the lease, it is ended and the command sent again: no holder is told of a seat
 * that is lost.
 */
export const whileHeard = async <Sent extends object>(
  needs: Needs,
  at: Instant,
  send: () => Promise<Sent | Refusal>,
  heldAfter: (sent: Sent) => { readonly facts: LicenseFacts; readonly lease: Lease | undefined },
): Promise<Sent | Refusal> => {
  for (;;) {
    const sent = await send();
    if (isRefusal(sent)) return sent;
    const { facts, lease } = heldAfter(sent);
    // A borrowed lease lives by the clock.
    if (lease === undefined || lease.borrow || (await hearLease(needs, facts, lease, at))) return sent;
  }
};

/**
 * Notes at `at` a sign of life of a lease that its stream holds. Returns true when nothing that was decided before it
 * can end the lease any more. Returns false when somebody was about to end it: then it has ended, and the caller
 * decides again.
 */
const hearLease = async (
  { executor, pool }: Needs,
  facts: LicenseFacts,
  { leaseId, expiresAt, ttlSeconds }: Lease,
  at: Instant,
): Promise<boolean> => {
  const { licenseId, issuerOrgId } = facts;
  const acquiredAt = plusSeconds(expiresAt, -ttlSeconds);
  const heard = await asTenant(
    pool,
    issuerOrgId,
    (db) => noteHeartbeat(db, facts, { leaseId, seenAt: at, acquiredAt }),
    {
      readOnly: false,
    },
  );
  if (heard.endingSince !== null) {
    const lastSeenAt = heard.endingSince;
    // By the clock of the process that began to end it, the lease has expired.
    await endLease(
      executor,
      { licenseId, leaseId, lastSeenAt },
      later(at, later(expiresAt, plusSeconds(lastSeenAt, ttlSeconds))),
    );
    return false;
  }
  // The row of a lease that ended is removed, and what it said with it.
  return !heard.isNew || executor.read(licenseAggregate, licenseId, (license) => isHeld(license, leaseId, expiresAt));
};

const isHeld = (license: License, leaseId: string, expiresAt: Instant): boolean =>
  license.kind !== 'unissued' && license.leases.get(leaseId)?.expiresAt === expiresAt;
