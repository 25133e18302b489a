import { z } from 'zod';
import { idempotently } from '../idempotency.ts';
import { isProblem, problem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import { idOf } from '../schemas.ts';
import { borrowSeconds } from './acquire-lease.ts';
import type { ClientCommandNeeds } from './activate.ts';
import { findKnownLicense, findUsableLicense, licenseNaming } from './client-license.ts';
import { usageOf, usageShape } from './client-schemas.ts';
import { whileHeard } from './hear-lease.ts';
import { leaseAnswer, leaseBody } from './lease-shape.ts';
import { issuedFacts, sendLicenseCommand } from './send-command.ts';

const path = z.strictObject({ leaseId: idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q') });

const heartbeat = z
  .strictObject({ ...licenseNaming, borrowSeconds: borrowSeconds.optional() })
  .meta({ id: 'LeaseHeartbeat', example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9' } });

/** POST /v1/licenses/leases/{leaseId}/heartbeat: keeps a seat for another time to live. No event, unless a seat comes back. */
export const renewLease = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/leases/{leaseId}/heartbeat',
    operationId: 'renewLease',
    summary: 'Keep a floating seat',
    description:
      'Refused where the license may not be used. A seat that lapsed comes back within the time the policy allows, if one is free. With borrowSeconds a borrowed seat is held so much longer from now on.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: path, query: none, body: heartbeat }),
    replies: { 200: { description: 'The seat is kept.', body: leaseAnswer } },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'USER_NOT_ASSIGNED'] as const),
      ...(['NOT_FOUND', 'SEAT_LIMIT_EXCEEDED', 'LIMIT_INVALID', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ params: { leaseId }, body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { licenseId, issuerOrgId } = found.facts;
      const input = { leaseId, body: asked };
      const request = { organizationId: issuerOrgId, principal: actor.id, operation: 'renewLease', input };
      return idempotently(needs, call, request, async (attempt) => {
        const at = needs.now();
        const data = { leaseId, borrowSeconds: asked.borrowSeconds ?? null };
        const renew = () =>
          sendLicenseCommand(
            needs,
            {
              ...{ call, attempt, actor, sender: 'key holder', issuerOrgId, licenseId, reason: null, values: [] },
              command: { type: 'RenewLease', at, data },
            },
            (license) => ({
              facts: issuedFacts(license),
              lease: license.kind === 'unissued' ? undefined : license.leases.get(leaseId),
            }),
          );
        const sent = await whileHeard(needs, at, renew, ({ view }) => view);
        if (isProblem(sent)) return sent;
        const { view, outcome, revision, position } = sent;
        const { facts, lease } = view;
        // Only where this heartbeat is sent again after the lease ended.
        if (lease === undefined) return problem('NOT_FOUND', `The lease ${leaseId} has ended; acquire one.`);
        const heardAt = lease.borrow ? null : at;
        return {
          status: 200,
          body: {
            lease: leaseBody(facts, lease, heardAt),
            changed: outcome !== 'unchanged',
            limits: usageOf(facts),
            revision: Number(revision),
          },
          position: position.commit,
        };
      });
    },
  });

/** DELETE /v1/licenses/leases/{leaseId}: gives a seat back. */
export const releaseLease = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'delete',
    path: '/v1/licenses/leases/{leaseId}',
    operationId: 'releaseLease',
    summary: 'Give a floating seat back',
    description:
      'With Authorization: License <key>, or licenseId and an organization’s credential. Given back again it changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: path, query: z.strictObject({ licenseId: licenseNaming.licenseId }) }),
    replies: {
      200: {
        description: 'The seat is free.',
        body: z.strictObject({ leaseId: z.string(), changed: z.boolean(), limits: usageShape, revision: z.int() }),
      },
    },
    rejections: ['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'NOT_FOUND'],
    handle: async ({ params: { leaseId }, query: { licenseId: named } }, call) => {
      const client = await findKnownLicense(needs, call, { licenseId: named });
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { licenseId, issuerOrgId } = found.facts;
      const input = { leaseId, licenseId };
      const request = { organizationId: issuerOrgId, principal: actor.id, operation: 'releaseLease', input };
      return idempotently(needs, call, request, async (attempt) => {
        const sent = await sendLicenseCommand(
          needs,
          {
            ...{ call, attempt, actor, sender: 'key holder', issuerOrgId, licenseId, reason: null, values: [] },
            command: { type: 'ReleaseLease', at: needs.now(), data: { leaseId, by: 'USER' } },
          },
          issuedFacts,
        );
        if (isProblem(sent)) return sent;
        const { view, outcome, revision, position } = sent;
        return {
          status: 200,
          body: { leaseId, changed: outcome !== 'unchanged', limits: usageOf(view), revision: Number(revision) },
          position: position.commit,
        };
      });
    },
  });
