import { z } from 'zod';
import { leaseScopes } from '../domain/license/policy.ts';
import { releaseCauses } from '../domain/license/seats/seat-events.ts';
import { meterResets } from '../domain/license/usage/meter-rules.ts';
import { instant, sha256Hex } from '../eventstore/envelope.ts';
import { count, event, id, limit, seconds, userReference } from './codec-fields.ts';

const acquired = z.object({
  leaseId: id,
  scope: z.enum(leaseScopes),
  product: id.nullable(),
  holderHash: sha256Hex,
  userRef: userReference.nullable(),
  ttlSeconds: seconds,
  expiresAt: instant,
  borrow: z.boolean(),
  inUseAfter: count,
  limit,
  overage: z.boolean(),
  takesBack: id.exactOptional(),
});

const usage = z.object({
  meter: id,
  quantity: z.int().positive(),
  usageId: id,
  occurredAt: instant,
  totalAfter: count,
  limit: count,
  overage: z.boolean(),
});

const usageEntry = z.object({ usageId: id, quantity: z.int().positive(), occurredAt: instant, commandId: id });

const usageBatch = z.object({
  meter: id,
  resets: z.enum(meterResets).exclude(['TERM']).exactOptional(),
  periodStart: instant,
  periodEnd: instant.nullable(),
  entries: z.array(usageEntry).min(1),
  totalAfter: count,
  limit,
  overage: z.boolean(),
});

const counter = {
  resets: z.enum(meterResets).exclude(['TERM']).exactOptional(),
  periodStart: instant,
  periodEnd: instant.nullable(),
};

const correction = z.object({
  usageId: id,
  corrects: id,
  quantity: z.int().negative(),
  occurredAt: instant,
  commandId: id,
  countedAt: instant,
  countedBy: z.int().positive(),
  counter: z.int().positive(),
  ...counter,
  afterReset: z.literal(true).exactOptional(),
});

const corrected = z.object({
  meter: id,
  entries: z.array(correction).min(1),
  totalAfter: count,
  limit,
  overage: z.boolean(),
});

/** The schemas of the events about leases and metered usage. */
export const leaseEvents = [
  event('LeaseAcquired', acquired),
  event('LeaseExtended', z.object({ leaseId: id, expiresAt: instant })),
  event(
    'LeaseReleased',
    z.object({ leaseId: id, cause: z.enum(releaseCauses), inUseAfter: count, seatFreeAt: instant.nullable() }),
  ),
  event('LeaseLapsed', z.object({ leaseId: id, lastSeenAt: instant, inUseAfter: count })),
  event('UsageRecorded', usage),
  event('UsageBatchRecorded', usageBatch),
  event('UsageCorrected', corrected),
  event('UsageReset', z.object({ meter: id, ...counter, from: z.int().positive() })),
] as const;
