import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { createKeyedQueue } from '../../async/keyed-queue.ts';
import type { Lease, License, LicenseFacts } from '../../domain/license/license.ts';
import { type Instant, later, plusSeconds } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { noteHeartbeat } from '../../records/lease-liveness.ts';
import { afterAppend } from '../after-append.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { endLease } from './end-lease.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool };

/**
 * Sends a command and notes it as a heartbeat of the lease that `leaseOf` returns. When another process has begun to
 * end the lease, ends it and sends the command again, so that no holder is told of a lost seat.
 */
export const withHeartbeat = async <Sent extends object>(
  needs: Needs,
  at: Instant,
  send: () => Promise<Sent | Refusal>,
  leaseOf: (sent: Sent) => { readonly facts: LicenseFacts; readonly lease: Lease | undefined },
): Promise<Sent | Refusal> => {
  for (;;) {
    const sent = await send();
    if (isRefusal(sent)) return sent;
    const { facts, lease } = leaseOf(sent);
    // A borrowed lease needs no heartbeat.
    if (lease === undefined || lease.borrow || (await noteLeaseHeartbeat(needs, facts, lease, at))) return sent;
  }
};

/**
 * Notes a heartbeat of a lease of the stream at `at`. Returns true when no earlier decision can end the lease any
 * longer. Returns false when another process had begun to end it. Then it has ended, and the caller decides again.
 */
const noteLeaseHeartbeat = async (
  { executor, pool }: Needs,
  facts: LicenseFacts,
  { leaseId, expiresAt, ttlSeconds }: Lease,
  at: Instant,
): Promise<boolean> => {
  const { licenseId, issuerOrgId } = facts;
  const acquiredAt = plusSeconds(expiresAt, -ttlSeconds);
  const note = () =>
    asTenant(pool, issuerOrgId, (db) => noteHeartbeat(db, facts, { leaseId, seenAt: at, acquiredAt }), {
      readOnly: false,
    });
  // The heartbeats of one lease lock its row.
  const heard = await afterAppend(() => oneAfterAnother(leaseId, note));
  if (heard.endingSince !== null) {
    const lastSeenAt = heard.endingSince;
    // The lease has expired by the clock of the process that began to end it.
    await endLease(
      executor,
      { licenseId, leaseId, lastSeenAt },
      later(at, later(expiresAt, plusSeconds(lastSeenAt, ttlSeconds))),
    );
    return false;
  }
  // The row of an ended lease is removed, so a new row may belong to an ended lease.
  return !heard.isNew || executor.read(licenseAggregate, licenseId, (license) => isHeld(license, leaseId, expiresAt));
};

const oneAfterAnother = createKeyedQueue();

const isHeld = (license: License, leaseId: string, expiresAt: Instant): boolean =>
  license.kind !== 'unissued' && license.leases.get(leaseId)?.expiresAt === expiresAt;
