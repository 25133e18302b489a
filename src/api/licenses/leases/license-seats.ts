import { z } from 'zod';
import { listSeats, type SeatInUse } from '../../../application/leases/list-seats.ts';
import { releaseSeat } from '../../../application/leases/release-seat.ts';
import { leaseScopes } from '../../../domain/license/policy.ts';
import { page } from '../../paging.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, instantOut, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { listOfLicense } from '../reading/list-of-license.ts';
import type { ReadNeeds } from '../reading/read-licenses.ts';

const leaseId = idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q');

/** A seat in use as the API shows it to the issuer and the holder of its license. */
const seatShape = z
  .strictObject({
    id: leaseId.meta({ description: 'The id of the lease.' }),
    scope: z.enum(leaseScopes).meta({ description: 'The unit that seats are counted by.' }),
    product: z.string().nullable().meta({ description: 'The product of the seat. Null when the request named none.' }),
    holder: z.string().nullable().meta({
      description: 'Who sits there: the holderName of the application. Null when it gave none, or after an erasure.',
    }),
    user: z.string().nullable().meta({
      description: 'The reference of the user that the seat was taken for. Null when the request named none.',
    }),
    since: instantOut.meta({ description: 'When the seat was taken.' }),
    lastHeartbeatAt: instantOut.nullable().meta({
      description: 'The last heartbeat since the seat was taken. Null when there was none.',
    }),
    until: instantOut.meta({ description: 'When the seat is free again without a further heartbeat.' }),
    borrowed: z.boolean().meta({ description: 'True for a borrowed seat, which needs no heartbeats.' }),
    released: z.boolean().meta({
      description: 'True for a borrowed seat that was released early. It stays taken until its borrow ends.',
    }),
  })
  .meta({ id: 'SeatInUse' });

/** GET /v1/licenses/{licenseId}/leases: lists the seats in use, the last taken first. */
export const listLeases = (needs: ReadNeeds): Route =>
  route({
    ...listOfLicense('leases', seatShape),
    operationId: 'listLeases',
    summary: 'List the seats of a license',
    description:
      'The seats that are in use now, the last taken first. A seat without a heartbeat for its time to live is not listed.',
    handle: ({ params: { licenseId }, query }, { caller: { organizationId: orgId } }) =>
      page<SeatInUse>(needs.secrets, query, {
        name: `leases\0${orgId}\0${licenseId}`,
        url: `/v1/licenses/${licenseId}/leases?`,
        placeOf: ({ since, id }) => `${since} ${id}`,
        read: (after, limit) => {
          const [since = '', id = ''] = after?.split(' ') ?? [];
          return listSeats(needs, orgId, licenseId, { limit, after: after === null ? null : { since, id } });
        },
        bodyOf: ({ userRef: user, ...seat }) => ({ user, ...seat }),
      }),
  });

const body = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReleaseSeat', example: { reason: { code: 'SEAT_NEEDED' } } });

/** DELETE /v1/licenses/{licenseId}/leases/{leaseId}: releases a seat, whatever the policy allows its holder. */
export const releaseLicenseLease = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'leases/{leaseId}',
      operationId: 'releaseLicenseLease',
      summary: 'Release a seat of a license',
      permission: 'releaseSeats',
      rejections: ['LICENSE_REVOKED', 'NOT_FOUND'],
    }),
    method: 'delete',
    description:
      'For administrators of the issuer or the holder. The next heartbeat of the seat gets 404 NOT_FOUND, and its holder may take a new seat. A borrowed seat stays taken until its borrow ends, unless the policy says reclaimBorrowed. Releasing the seat again changes nothing.',
    request: z.object({ params: licensePath.extend({ leaseId }), query: none, body }),
    handle: ({ params, body: fields }, call) =>
      answerChange(needs, call, { operation: 'releaseLicenseLease', input: { ...params, body: fields } }, (request) =>
        releaseSeat(needs, request, params.leaseId),
      ),
  });
