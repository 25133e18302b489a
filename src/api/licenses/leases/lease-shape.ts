import { z } from 'zod';
import type { HeldLease } from '../../../application/leases/acquire-lease.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import { leaseScopes } from '../../../domain/license/policy.ts';
import { aliveUntil, heartbeatSecondsOf } from '../../../domain/license/seats/seats-in-use.ts';
import { type Problem, refused } from '../../problems.ts';
import type { Reply } from '../../route.ts';
import { idOf, instantOut } from '../../schemas.ts';
import { usageOf, usageShape } from '../client-schemas.ts';

/** A hold on a floating seat as the API shows it. Its holder is not kept, so it cannot be shown. */
export const leaseShape = z
  .strictObject({
    id: idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q').meta({ description: 'Its id.' }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({ description: 'The license whose seat it is.' }),
    scope: z.enum(leaseScopes).meta({ description: 'What a seat is counted by.' }),
    product: z.string().nullable().meta({ description: 'What it was taken for; null: none was named.' }),
    borrowed: z.boolean().meta({ description: 'Held without heartbeats until expiresAt.' }),
    expiresAt: instantOut.meta({ description: 'Lapses then without a heartbeat; a borrowed one ends.' }),
    heartbeatSeconds: z.int().meta({ description: 'How often to send a heartbeat.' }),
  })
  .meta({ id: 'Lease' });

/** What taking and keeping a seat answer with. */
export const leaseAnswer = z.strictObject({
  lease: leaseShape,
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** Returns the answer to the holder of a seat, with `status` when a command has changed something. */
export const leaseReply = (result: HeldLease | Refusal, status: 200 | 201): Reply | Problem => {
  if (isRefusal(result)) return refused(result);
  const { facts, changed, revision, position } = result;
  return {
    status: changed ? status : 200,
    body: { lease: leaseBody(result), changed, limits: usageOf(facts), revision: Number(revision) },
    position,
  };
};

const leaseBody = ({ lease, heardAt, facts }: HeldLease): z.output<typeof leaseShape> => ({
  id: lease.leaseId,
  licenseId: facts.licenseId,
  scope: facts.policy.lease.scope,
  product: lease.product,
  borrowed: lease.borrow,
  expiresAt: aliveUntil(lease, heardAt),
  heartbeatSeconds: heartbeatSecondsOf(facts, lease),
});
