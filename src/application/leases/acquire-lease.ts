import type { Pool } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { Lease, License, LicenseFacts } from '../../domain/license/license.ts';
import type { LastSeen } from '../../domain/license/seats/seat-commands.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { claimEndings, deadLeases } from '../../records/lease-liveness.ts';
import { type ClientNeeds, type ClientRequest, sendClientCommand } from '../client-license.ts';
import { findHolder, findUser } from '../devices/known-names.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { whileHeard } from './hear-lease.ts';

/** A seat as a client asks for it. `leaseHolder`: the machine, instance or user that is to hold it. */
export type SeatRequest = {
  readonly leaseHolder: string;
  readonly product?: string | undefined;
  readonly user?: string | undefined;
  /** For how long the seat is held without heartbeats. */
  readonly borrowSeconds?: number | undefined;
};

/** A lease, and the license whose seat it holds. `heardAt` null: no heartbeat counts. */
export type HeldLease = {
  readonly lease: ShownLease;
  readonly heardAt: Instant | null;
  readonly facts: LicenseFacts;
  readonly changed: boolean;
  readonly revision: bigint;
  readonly position: bigint;
};

/** What of a lease is no secret of its holder. */
export type ShownLease = Pick<Lease, 'leaseId' | 'product' | 'borrow' | 'expiresAt' | 'ttlSeconds'>;

/** Takes a floating seat, once per holder. A holder that has a seat keeps it, which counts as a heartbeat. */
export const acquireLease = async (
  needs: ClientNeeds & CommandNeeds,
  request: ClientRequest,
  { leaseHolder, product, user, borrowSeconds }: SeatRequest,
): Promise<HeldLease | Refusal> => {
  const { attempt, license } = request;
  const { licenseId, issuerOrgId } = license.facts;
  const holderHash = await findHolder(needs, license, leaseHolder);
  const at = needs.now();
  const data = {
    leaseId: encodeId('lea', aggregateId(attempt.commandId, 'lease')),
    ...{ holderHash, product: product ?? null, borrowSeconds: borrowSeconds ?? null },
    userRef: user === undefined ? null : await findUser(needs, license, user),
    // Nobody has to wait for the worker to end them.
    dead: await claimDead(needs.pool, issuerOrgId, licenseId, at),
  };
  const command = { type: 'AcquireLease', at, data } as const;
  const acquire = () =>
    sendClientCommand(needs, request, { command }, (license) => ({
      facts: issuedFacts(license),
      held: heldBy(license, holderHash),
    }));
  // A seat that was just taken is no sign of life of an older one.
  const sent = await whileHeard(needs, at, acquire, ({ view: { facts, held }, outcome }) => ({
    facts,
    lease: outcome === 'unchanged' ? (held ?? undefined) : undefined,
  }));
  if (isRefusal(sent)) return sent;

  const { view, outcome, events, revision, position } = sent;
  const changed = outcome !== 'unchanged';
  // A repeated command has the result of the first time, even where the seat was given back since.
  const lease = changed ? acquiredBy(events.at(-1)?.data ?? {}) : view.held;
  if (lease === null) throw new Error('A seat was acquired that nobody has.');
  const heardAt = changed || lease.borrow ? null : at;
  return { lease, heardAt, facts: view.facts, changed, revision, position: position.commit };
};

/** Claims the leases of a license that were not heard of for too long: from now on no heartbeat keeps them. */
const claimDead = (pool: Pool, issuerOrgId: string, licenseId: string, at: Instant): Promise<readonly LastSeen[]> =>
  asTenant(
    pool,
    issuerOrgId,
    async (db) => {
      const dead = await deadLeases(db, licenseId, at);
      const claimed = await claimEndings(
        db,
        dead.map((lease) => ({ ...lease, issuerOrgId, licenseId })),
      );
      return claimed.map(({ leaseId, lastSeenAt }) => ({ leaseId, lastSeenAt }));
    },
    { readOnly: false },
  );

const heldBy = (license: License, holderHash: string): Lease | null =>
  license.kind === 'unissued' ? null : (license.leases.get(license.leaseByHolder.get(holderHash) ?? '') ?? null);

// The codec checked the event when it was written; this only tells the types.
const acquired = z.object({
  leaseId: z.string(),
  product: z.string().nullable(),
  borrow: z.boolean(),
  expiresAt: z.string(),
  ttlSeconds: z.int(),
});
const acquiredBy = (data: object): ShownLease => acquired.parse(data);
