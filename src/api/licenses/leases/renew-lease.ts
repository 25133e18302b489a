import { z } from 'zod';
import { knownLicense, usableLicense } from '../../../application/client-license.ts';
import { releaseLease } from '../../../application/leases/release-lease.ts';
import { renewLease } from '../../../application/leases/renew-lease.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { refused } from '../../problems/problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { idOf } from '../../schemas.ts';
import { leaseHolder, usageOf, usageShape } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming, useRejections } from '../find-client-license.ts';
import { borrowSeconds } from './acquire-lease.ts';
import { leaseAnswer, leaseReply } from './lease-shape.ts';

const path = z.strictObject({ leaseId: idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q') });

/** The holder of the seat, which proves to a policy with deactivateByKey: OWN that the seat is the client's own. */
const ownHolder = leaseHolder.optional().meta({
  description: 'The holder of the seat. Needed with the license key when the policy says deactivateByKey: OWN.',
});

const release = z
  .strictObject({ leaseHolder: ownHolder })
  .meta({ id: 'ReleaseLease', example: { leaseHolder: '3f9c1a77d0e4' } });

const heartbeat = z
  .strictObject({ ...licenseNaming, leaseHolder: ownHolder, borrowSeconds: borrowSeconds.optional() })
  .meta({ id: 'LeaseHeartbeat', example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9' } });

/**
 * POST /v1/licenses/leases/{leaseId}/heartbeat: keeps a seat for another time to live. Appends an event only when a
 * lapsed seat comes back.
 */
export const renewLeaseRoute = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/leases/{leaseId}/heartbeat',
    operationId: 'renewLease',
    summary: 'Keep a floating seat',
    description:
      'Renews a lease. Refused when the license may not be used. A lapsed seat comes back within the time that the policy allows, if a seat is free. With borrowSeconds the borrowed seat is held for that time from now.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: path, query: none, body: heartbeat }),
    replies: { 200: { description: 'The holder keeps the seat.', body: leaseAnswer } },
    rejections: [
      ...useRejections,
      'PRODUCT_NOT_LICENSED',
      'USER_NOT_ASSIGNED',
      'FORBIDDEN',
      'NOT_FOUND',
      'SEAT_LIMIT_EXCEEDED',
      'LIMIT_INVALID',
    ],
    handle: ({ params: { leaseId }, body: fields }, call) => {
      const input = { leaseId, body: fields };
      const operation = { operation: 'renewLease', named: fields, input, admit: usableLicense };
      return answerClient(needs, call, { ...operation, bucket: 'seat_heartbeat' }, async (request) =>
        leaseReply(await renewLease(needs, request, { ...fields, leaseId }), 200, needs.now()),
      );
    },
  });

/** DELETE /v1/licenses/leases/{leaseId}: releases a seat. */
export const releaseLeaseRoute = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'delete',
    path: '/v1/licenses/leases/{leaseId}',
    operationId: 'releaseLease',
    summary: 'Release a floating seat',
    description:
      'Name the license with Authorization: License <key>, or with licenseId and a credential of an organization. Releasing the seat again changes nothing and answers with changed: false. The seat of a borrowed lease returns when the borrow ends, unless the policy says reclaimBorrowed.',
    tag: 'Client',
    permission: 'releaseSeats',
    effect: 'append',
    request: z.object({
      params: path,
      query: z.strictObject({ licenseId: licenseNaming.licenseId }),
      body: release,
    }),
    replies: {
      200: {
        description: 'The lease has ended.',
        body: z.strictObject({ leaseId: z.string(), changed: z.boolean(), limits: usageShape, revision: z.int() }),
      },
    },
    rejections: ['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'FORBIDDEN', 'NOT_FOUND'],
    handle: ({ params: { leaseId }, query: named, body: { leaseHolder } }, call) => {
      const input = (licenseId: string) => ({ leaseId, licenseId });
      const operation = {
        operation: 'releaseLease',
        named,
        input,
        admit: knownLicense,
        power: 'releaseSeats',
      } as const;
      return answerClient(needs, call, { ...operation, bucket: 'seat_release' }, async (request) => {
        const used = await releaseLease(needs, request, { leaseId, leaseHolder });
        if (isRefusal(used)) return refused(used);
        const { facts, changed, revision, position } = used;
        const body = { leaseId, changed, limits: usageOf(facts, needs.now()), revision: Number(revision) };
        return { status: 200, body, position };
      });
    },
  });
