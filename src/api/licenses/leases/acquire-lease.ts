import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { acquireLease } from '../../../application/leases/acquire-lease.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { productCode } from '../../schemas.ts';
import { environment, holderName, leaseHolder, user } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming, useRejections } from '../find-client-license.ts';
import { leaseAnswer, leaseReply } from './lease-shape.ts';

/** How long a seat is borrowed. The policy sets the maximum. */
export const borrowSeconds = z.int().min(1).max(315_360_000).meta({ example: 86_400 });

const body = z
  .strictObject({
    ...licenseNaming,
    leaseHolder,
    product: productCode.optional(),
    user: user.optional(),
    environment: environment
      .optional()
      .meta({ description: 'The environment of the application. The policy may allow only one, or require it.' }),
    borrowSeconds: borrowSeconds.optional(),
    holderName: holderName.optional(),
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
export const acquireLeaseRoute = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/leases',
    operationId: 'acquireLease',
    summary: 'Take a floating seat',
    description:
      'A holder that has a seat keeps it. The request then counts as a heartbeat. A seat without heartbeats for its time to live is free again. With borrowSeconds the holder needs no heartbeats for that time. A holder who released a borrowed seat early takes it back, at least until that borrow ends.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The holder already had a seat.', body: leaseAnswer },
      201: { description: 'The holder has a seat now.', body: leaseAnswer },
    },
    rejections: [
      ...useRejections,
      'PRODUCT_NOT_LICENSED',
      'USER_NOT_ASSIGNED',
      'USER_SCOPE_REQUIRED',
      'ENVIRONMENT_MISMATCH',
      'ENVIRONMENT_SCOPE_REQUIRED',
      'SEAT_LIMIT_EXCEEDED',
      'LIMIT_INVALID',
    ],
    handle: ({ body: fields }, call) => {
      const operation = { operation: 'acquireLease', named: fields, input: fields, admit: usableLicense };
      return answerClient(needs, call, { ...operation, bucket: 'seat_acquire' }, async (request) =>
        leaseReply(await acquireLease(needs, request, fields), 201, needs.now()),
      );
    },
  });
