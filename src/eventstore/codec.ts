import { z } from 'zod';
import type { LicenseEvent } from '../domain/license/events.ts';
import type { OrganizationEvent } from '../domain/organization/events.ts';
import { type Decoded, decodeWith, instant, sha256Hex } from './envelope.ts';
import type { Recorded } from './event-store.ts';

/** Decodes an event of a license stream. Throws UndecodableEvent. */
export const decodeLicense = (recorded: Recorded): Decoded<LicenseEvent> => decodeWith(licenseEvent, recorded);

/** Decodes an event of an organization stream. Throws UndecodableEvent. */
export const decodeOrganization = (recorded: Recorded): Decoded<OrganizationEvent> =>
  decodeWith(organizationEvent, recorded);

const id = z.string().min(1);
const seconds = z.int().nonnegative();
const count = z.int().nonnegative();
const suspensionReason = z.enum(['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL']);

const policy = z.object({
  policyId: id,
  version: z.int().positive(),
  tier: z.enum(['FREE', 'TRIAL', 'PRO', 'ENTERPRISE']),
  type: z.enum(['SUBSCRIPTION', 'TRIAL', 'PERPETUAL']),
  expiryStrategy: z.enum(['RESTRICT', 'MAINTAIN', 'ALLOW']),
  expiryGraceSeconds: seconds,
  validationTtlSeconds: seconds,
  offlineGraceSeconds: seconds,
  overage: z.object({ kind: z.literal('NONE') }),
  limitStrategy: z.enum(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']),
  deactivation: z.object({ allowed: z.boolean(), cooldownSeconds: seconds, maxPerTerm: count.nullable() }),
  fingerprintMatching: z.literal('EXACT'),
  fingerprintRequired: z.boolean(),
  productRequired: z.boolean(),
  lease: z.object({
    scope: z.literal('MACHINE'),
    ttlSeconds: seconds,
    resurrectSeconds: seconds,
    borrowMaxSeconds: seconds,
  }),
  heartbeatSeconds: seconds.nullable(),
  remindBefore: z.array(z.string()),
  trialEnd: z.literal('EXPIRE'),
  reinstateOnPayment: z.boolean(),
  transferable: z.boolean(),
});

const issued = z.object({
  licenseId: id,
  issuerOrgId: id,
  holderOrgId: id.nullable(),
  ownerUserRef: id.nullable(),
  policy,
  products: z.array(id),
  term: z.object({
    basis: z.enum(['ISSUE', 'FIXED', 'PERPETUAL']),
    duration: z.string().nullable(),
    startsAt: instant,
    expiresAt: instant.nullable(),
    timeZone: z.literal('UTC'),
  }),
  limits: z.object({ activations: count, seats: count, users: count, meters: z.record(z.string(), count) }),
  entitlements: z.array(
    z.object({
      code: id,
      value: z.string().nullable(),
      limit: z.int().nullable(),
      until: instant.nullable(),
      source: z.enum(['tier', 'product', 'grant']),
    }),
  ),
  externalRef: z.string().nullable(),
});

const activation = z.object({
  activationId: id,
  fingerprintHash: sha256Hex,
  product: id.nullable(),
  nameRef: id.nullable(),
  platform: z.string().nullable(),
  appVersion: z.string().nullable(),
  countAfter: count,
  limit: count,
  overage: z.boolean(),
});

const suspension = z.object({ reasonCode: suspensionReason, until: instant.nullable() });

const renewal = z.object({
  termNumber: z.int().positive(),
  previousExpiresAt: instant,
  startsAt: instant,
  expiresAt: instant,
  basis: z.enum(['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED', 'FIXED']),
  gapSeconds: seconds,
});

const expiry = z.object({ termNumber: z.int().positive(), expiresAt: instant, graceUntil: instant.nullable() });

const event = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data });

const licenseEvent = z.discriminatedUnion('type', [
  event('LicenseIssued', issued),
  event('LicenseKeyIssued', z.object({ keyVersion: z.int().positive(), keyHash: sha256Hex, secretId: id, hint: id })),
  event('ActivationRecorded', activation),
  event(
    'ActivationDeactivated',
    z.object({ activationId: id, cause: z.enum(['USER', 'ADMIN', 'LICENSE_REVOKED']), countAfter: count }),
  ),
  event('LicenseSuspended', suspension),
  event('SuspensionReasonAdded', suspension),
  event('LicenseReinstated', z.object({ suspendedSince: instant, suspendedForSeconds: seconds })),
  event('LicenseRenewed', renewal),
  event('LicenseExpired', expiry),
  event('LicenseRevoked', z.object({ reasonCode: id })),
]) satisfies z.ZodType<LicenseEvent>;

const organizationEvent = z.discriminatedUnion('type', [
  event('OrganizationCreated', z.object({ organizationId: id, name: id })),
  event(
    'ApiKeyCreated',
    z.object({
      apiKeyId: id,
      name: id,
      scopes: z.array(
        z.enum([
          'licenses:read',
          'licenses:write',
          'licenses:activate',
          'catalog:write',
          'events:read',
          'webhooks:write',
          'members:write',
          'projects:write',
        ]),
      ),
      hint: id,
    }),
  ),
]) satisfies z.ZodType<OrganizationEvent>;
