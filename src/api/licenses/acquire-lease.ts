import type { Pool } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { LastSeen } from '../../domain/license/commands-lease.ts';
import type { Lease, License } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { claimEndings, deadLeases } from '../../projections/tables/lease-liveness.ts';
import { asTenant } from '../../projections/tenant.ts';
import { idempotently } from '../idempotency.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import { productCode } from '../schemas.ts';
import type { ClientCommandNeeds } from './activate.ts';
import { findUsableLicense, licenseNaming } from './client-license.ts';
import { leaseHolder, usageOf, user } from './client-schemas.ts';
import { whileHeard } from './hear-lease.ts';
import { findHolder, findUser } from './known-names.ts';
import { leaseAnswer, leaseBody } from './lease-shape.ts';
import { issuedFacts, sendLicenseCommand } from './send-command.ts';

/** For how long a seat is borrowed; at most as long as the policy says. */
export const borrowSeconds = z.int().min(1).max(315_360_000).meta({ example: 86_400 });

const body = z
  .strictObject({
    ...licenseNaming,
    leaseHolder,
    product: productCode.optional(),
    user: user.optional(),
    borrowSeconds: borrowSeconds.optional(),
  })
  .meta({
    id: 'AcquireLease',
    example: {
      licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      product: 'local_cli',
      leaseHolder: '3f9c1a77d0e4',
    },
  });

/** POST /v1/licenses/leases: takes a floating seat, once per holder. */
export const acquireLease = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/leases',
    operationId: 'acquireLease',
    summary: 'Take a floating seat',
    description:
      'A holder that has a seat keeps it, which counts as a heartbeat. Seats of holders that were not heard of for their time are free. With borrowSeconds the seat is held without heartbeats.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The holder had the seat before.', body: leaseAnswer },
      201: { description: 'Taken.', body: leaseAnswer },
    },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'USER_NOT_ASSIGNED'] as const),
      ...(['SEAT_LIMIT_EXCEEDED', 'LIMIT_INVALID', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { licenseId, issuerOrgId } = found.facts;
      const refusal = await call.limits.take('seat_acquire', licenseId);
      if (refusal !== null) return refusal;
      const request = { organizationId: issuerOrgId, principal: actor.id, operation: 'acquireLease', input: asked };
      return idempotently(needs, call, request, async (attempt) => {
        const holderHash = await findHolder(needs, found, asked.leaseHolder);
        const at = needs.now();
        const wanted = {
          leaseId: encodeId('lea', aggregateId(attempt.commandId, 'lease')),
          holderHash,
          product: asked.product ?? null,
          userRef: asked.user === undefined ? null : await findUser(needs, found, asked.user),
          borrowSeconds: asked.borrowSeconds ?? null,
          // Nobody need wait for the worker to end them.
          dead: await claimDead(needs.pool, issuerOrgId, licenseId, at),
        };
        const acquire = () =>
          sendLicenseCommand(
            needs,
            {
              ...{ call, attempt, actor, sender: 'key holder', issuerOrgId, licenseId, reason: null, values: [] },
              command: { type: 'AcquireLease', at, data: wanted },
            },
            (license) => ({ facts: issuedFacts(license), held: heldBy(license, holderHash) }),
          );
        // A seat that was just taken is no sign of life of an older one.
        const sent = await whileHeard(needs, at, acquire, ({ view: { facts, held }, outcome }) => ({
          facts,
          lease: outcome === 'unchanged' ? (held ?? undefined) : undefined,
        }));
        if (isProblem(sent)) return sent;

        const { view, outcome, events, revision, position } = sent;
        const changed = outcome !== 'unchanged';
        // A repeated command is answered as it was, even where the seat was given back since.
        const taken = changed ? takenBy(events.at(-1)?.data ?? {}) : view.held;
        if (taken === null) throw new Error('A seat was acquired that nobody has.');
        const heardAt = changed || taken.borrow ? null : at;
        return {
          status: changed ? 201 : 200,
          body: {
            lease: leaseBody(view.facts, taken, heardAt),
            changed,
            limits: usageOf(view.facts),
            revision: Number(revision),
          },
          position: position.commit,
        };
      });
    },
  });

/** The leases of a license that nobody was heard of for too long, and which nobody may be heard of any more. */
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

type Shown = Parameters<typeof leaseBody>[1];

const heldBy = (license: License, holderHash: string): Lease | null =>
  license.kind === 'unissued' ? null : (license.leases.get(license.leaseByHolder.get(holderHash) ?? '') ?? null);

// What was stored was checked by the codec when it was written; this only tells the types.
const acquired = z.object({
  leaseId: z.string(),
  product: z.string().nullable(),
  borrow: z.boolean(),
  expiresAt: z.string(),
  ttlSeconds: z.int(),
});
const takenBy = (data: object): Shown => acquired.parse(data);
