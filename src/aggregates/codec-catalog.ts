import { z } from 'zod';
import type { CatalogEvent } from '../domain/catalog/events.ts';
import { durationBases } from '../domain/license/issue/issue-events.ts';
import { type ChainRepaired, repairEvent } from '../eventstore/chain/repair-event.ts';
import { type Decoded, decodeWith, instant } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { event, id } from './codec-fields.ts';
import { entitlement, limits, pinnedPolicy } from './codec-policy.ts';
import { upcasters } from './upcasters.ts';

/** Decodes an event of a catalog stream. Throws UndecodableEvent. */
export const decodeCatalog = (recorded: Recorded): Decoded<CatalogEvent | ChainRepaired> =>
  decodeWith(catalogEvent, recorded, upcasters);

const code = z.string().regex(/^[a-z][a-z0-9_-]{1,39}$/, 'not a product’s code');

const term = z.discriminatedUnion('basis', [
  z.object({ basis: z.literal('PERPETUAL') }),
  z.object({ basis: z.literal('FIXED'), expiresAt: instant }),
  z.object({ basis: z.enum(durationBases), duration: id }),
]);

const policyVersion = z.object({
  name: id,
  policy: pinnedPolicy,
  products: z.array(code),
  term,
  limits,
  entitlements: z.array(entitlement),
});

const release = { product: code, version: id };

const catalogEvent = z.discriminatedUnion('type', [
  event('CatalogOpened', z.object({ issuerOrgId: id })),
  event('ProductCreated', z.object({ productId: id, code, name: id, description: z.string().nullable() })),
  event('ProductChanged', z.object({ productId: id, name: id, description: z.string().nullable() })),
  event('ProductArchived', z.object({ productId: id })),
  event('PolicyCreated', policyVersion),
  event('PolicyVersionAdded', policyVersion),
  event('PolicyArchived', z.object({ policyId: id })),
  event('ReleasePublished', z.object({ ...release, releasedAt: instant, channel: id })),
  event('ReleaseWithdrawn', z.object(release)),
  repairEvent,
]) satisfies z.ZodType<CatalogEvent | ChainRepaired>;
