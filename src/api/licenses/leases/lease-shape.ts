import { z } from 'zod';
import type { LeaseResult } from '../../../application/leases/acquire-lease.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import { leaseScopes } from '../../../domain/license/policy.ts';
import { aliveUntil, heartbeatSecondsOf } from '../../../domain/license/seats/seats-in-use.ts';
import type { Instant } from '../../../domain/time.ts';
import { type Problem, refused } from '../../problems/problems.ts';
import type { Reply } from '../../route.ts';
import { idOf, instantOut } from '../../schemas.ts';
import { usageOf, usageShape } from '../client-schemas.ts';

/** A lease as the API shows it. It has no holder, because the server does not store its name. */
export const leaseShape = z
  .strictObject({
    id: idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q').meta({ description: 'The id of the lease.' }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({ description: 'The license of the seat.' }),
    scope: z.enum(leaseScopes).meta({ description: 'The unit that seats are counted by.' }),
    product: z.string().nullable().meta({ description: 'The product of the seat. Null when the request named none.' }),
    borrowed: z.boolean().meta({ description: 'True for a borrowed seat, which needs no heartbeats until expiresAt.' }),
    expiresAt: instantOut.meta({ description: 'When the seat lapses without a heartbeat. A borrowed seat ends then.' }),
    heartbeatSeconds: z.int().meta({ description: 'How often the holder should send a heartbeat.' }),
  })
  .meta({ id: 'Lease' });

/** The body of the answers to taking and keeping a seat. */
export const leaseAnswer = z.strictObject({
  lease: leaseShape,
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** Returns the answer to the holder of a seat at `at`, with `status` when a command has changed something. */
export const leaseReply = (result: LeaseResult | Refusal, status: 200 | 201, at: Instant): Reply | Problem => {
  if (isRefusal(result)) return refused(result);
  const { facts, changed, revision, position } = result;
  return {
    status: changed ? status : 200,
    body: { lease: leaseBody(result), changed, limits: usageOf(facts, at), revision: Number(revision) },
    position,
  };
};

const leaseBody = ({ lease, heardAt, facts }: LeaseResult): z.output<typeof leaseShape> => ({
  id: lease.leaseId,
  licenseId: facts.licenseId,
  scope: facts.policy.lease.scope,
  product: lease.product,
  borrowed: lease.borrow,
  expiresAt: aliveUntil(lease, heardAt),
  heartbeatSeconds: heartbeatSecondsOf(facts, lease),
});
