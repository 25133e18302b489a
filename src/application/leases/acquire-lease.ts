import type { Pool } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { Lease, License, LicenseFacts } from '../../domain/license/license.ts';
import type { LastSeen } from '../../domain/license/seats/seat-commands.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { claimEndings, deadLeases } from '../../records/lease-liveness.ts';
import { type ClientNeeds, type ClientRequest, sendClientCommand } from '../client-license.ts';
import { findHolder, findUser, holderHashesIn } from '../devices/known-names.ts';
import { withUseAtLimit } from '../devices/use-at-limit.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { deviceOf, noteRefusal } from '../observing/note-refusal.ts';
import { deviceHolding, noteContact, type ObservingNeeds } from '../observing/note-validation.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { nameSeatHolder } from './seat-holder-name.ts';
import { withHeartbeat } from './with-heartbeat.ts';

/** The request for a seat. `leaseHolder` is the machine, instance or user that holds it. */
export type SeatRequest = {
  readonly leaseHolder: string;
  readonly product?: string | undefined;
  readonly user?: string | undefined;
  readonly environment?: string | undefined;
  /** How long the seat is held without heartbeats. */
  readonly borrowSeconds?: number | undefined;
  /** Who sits there, for people to read. The vault stores it. */
  readonly holderName?: string | undefined;
};

/** A lease with its license. `heardAt` is null when no heartbeat counts. */
export type LeaseResult = {
  readonly lease: PublicLease;
  readonly heardAt: Instant | null;
  readonly facts: LicenseFacts;
  readonly changed: boolean;
  readonly revision: bigint;
  readonly position: bigint;
};

/** The parts of a lease that do not identify its holder. */
export type PublicLease = Pick<Lease, 'leaseId' | 'product' | 'borrow' | 'expiresAt' | 'ttlSeconds'>;

/** Takes a floating seat, once per holder. A holder that has a seat keeps it, which counts as a heartbeat. */
export const acquireLease = async (
  needs: ClientNeeds & CommandNeeds & ObservingNeeds,
  request: ClientRequest,
  { leaseHolder, product, user, environment, borrowSeconds, holderName }: SeatRequest,
): Promise<LeaseResult | Refusal> => {
  const { attempt, license } = request;
  const { licenseId, issuerOrgId } = license.facts;
  const holderHash = await findHolder(needs, license, leaseHolder);
  const at = needs.now();
  const data = {
    leaseId: encodeId('lea', aggregateId(attempt.commandId, 'lease')),
    holderHash,
    otherHashes: holderHashesIn(needs.secrets, license.facts, leaseHolder),
    product: product ?? null,
    borrowSeconds: borrowSeconds ?? null,
    userRef: user === undefined ? null : await findUser(needs, license, user),
    ...(environment === undefined ? {} : { environment }),
    // Ending them here means that callers need not wait for the worker.
    dead: await claimDead(needs.pool, issuerOrgId, licenseId, at),
  };
  const command = { type: 'AcquireLease', at, data } as const;
  const acquire = () =>
    sendClientCommand(needs, request, { command }, (license) => {
      const existing = leaseOf(license, holderHash);
      return { facts: issuedFacts(license), existing, device: deviceHolding(license, existing ?? undefined) };
    });
  // A new seat is no heartbeat of an older one.
  const sent = await withHeartbeat(needs, at, acquire, ({ view: { facts, existing }, outcome }) => ({
    facts,
    lease: outcome === 'unchanged' ? (existing ?? undefined) : undefined,
  }));
  if (isRefusal(sent)) {
    noteRefusal(needs, request, { refusal: sent, at, product, fingerprintHash: deviceOf(license.facts, holderHash) });
    return withUseAtLimit(needs, request, sent);
  }

  const { view, outcome, events, revision, position } = sent;
  const changed = outcome !== 'unchanged';
  // A repeated command has its first result, even when the seat was released since.
  const lease = changed ? acquiredBy(events.at(-1)?.data ?? {}) : view.existing;
  if (lease === null) throw new Error('A seat was acquired that nobody has.');
  noteContact(needs, request, { facts: view.facts, device: view.device, version: null, product: lease.product, at });
  if (holderName !== undefined)
    await nameSeatHolder(needs.pool, view.facts, { leaseId: lease.leaseId, name: holderName }, at);
  const heardAt = changed || lease.borrow ? null : at;
  return { lease, heardAt, facts: view.facts, changed, revision, position: position.commit };
};

/** Claims the leases of a license without heartbeats for too long. From now on no heartbeat keeps them. */
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

const leaseOf = (license: License, holderHash: string): Lease | null =>
  license.kind === 'unissued' ? null : (license.leases.get(license.leaseByHolder.get(holderHash) ?? '') ?? null);

// The codec checked the event when it was written. This schema only gives it a type.
const acquired = z.object({
  leaseId: z.string(),
  product: z.string().nullable(),
  borrow: z.boolean(),
  expiresAt: z.string(),
  ttlSeconds: z.int(),
});
const acquiredBy = (data: object): PublicLease => acquired.parse(data);
