import { z } from 'zod';
import { deactivationCauses } from '../domain/license/devices/device-events.ts';
import { termBases } from '../domain/license/issue/issue-events.ts';
import { suspensionReasons } from '../domain/license/suspension/suspension-events.ts';
import { renewalBases } from '../domain/license/term/term-events.ts';
import { instant, sha256Hex } from '../eventstore/envelope.ts';
import { count, ends, event, id, limit, maintenance, ordinal, seconds, userReference } from './codec-fields.ts';
import { target } from './codec-license-grant.ts';
import { entitlement, limits, overrides, pinnedPolicy } from './codec-policy.ts';

const origin = {
  licenseId: id,
  issuerOrgId: id,
  holderOrgId: id.nullable(),
  ownerUserRef: id.nullable(),
  policy: pinnedPolicy,
  products: z.array(id),
  term: z.object({
    basis: z.enum(termBases),
    duration: z.string().nullable(),
    startsAt: instant.nullable(),
    expiresAt: instant.nullable(),
    timeZone: id,
  }),
  limits,
  entitlements: z.array(entitlement),
  externalRef: z.string().nullable(),
  maintenanceUntil: instant.exactOptional(),
  maintenanceFromPolicy: z.literal(true).exactOptional(),
  replaces: id.exactOptional(),
  afterTrial: target.exactOptional(),
  overrides: overrides.exactOptional(),
};

const activation = z.object({
  activationId: id,
  fingerprintHash: sha256Hex,
  product: id.nullable(),
  nameRef: id.nullable(),
  platform: z.string().nullable(),
  appVersion: z.string().nullable(),
  countAfter: count,
  limit,
  overage: z.boolean(),
  components: z.record(z.string(), sha256Hex).exactOptional(),
  userRef: userReference.exactOptional(),
  environment: id.exactOptional(),
});

const update = z.object({
  activationId: id,
  nameRef: id.exactOptional(),
  platform: z.string().exactOptional(),
  appVersion: z.string().exactOptional(),
  components: z.record(z.string(), sha256Hex).exactOptional(),
  userRef: userReference.exactOptional(),
  environment: id.exactOptional(),
});

const deactivation = z.object({
  activationId: id,
  cause: z.enum(deactivationCauses),
  countAfter: count,
  presentedHash: sha256Hex.exactOptional(),
});

const details = z.object({
  activationId: id,
  userRef: userReference.nullable().exactOptional(),
  metadataRef: id.nullable().exactOptional(),
});

const announcedDeactivation = z.object({ activationId: id, lastSeenAt: instant, deactivatesAt: instant });

const suspension = { reasonCode: z.enum(suspensionReasons), until: instant.nullable() };

const renewal = z.object({
  termNumber: ordinal,
  previousExpiresAt: instant,
  startsAt: instant,
  expiresAt: instant,
  basis: z.enum([...renewalBases, 'FIXED']),
  gapSeconds: seconds,
  billingRef: id.exactOptional(),
  duration: id.exactOptional(),
  ...maintenance,
});

/** The schemas of the events that issue, activate, suspend, renew, expire and revoke a license. */
export const coreEvents = [
  event('LicenseIssued', z.object(origin)),
  event('LicenseImported', z.object({ ...origin, source: id, sourceRef: id, historyFrom: instant })),
  event('LicenseKeyIssued', z.object({ keyVersion: ordinal, keyHash: sha256Hex, secretId: id, hint: id })),
  event('ActivationRecorded', activation),
  event('ActivationUpdated', update),
  event('ActivationDeactivated', deactivation),
  event('ActivationDetailsChanged', details),
  event('DeactivationAnnounced', announcedDeactivation),
  event('LicenseSuspended', z.object({ ...suspension, eventId: id.exactOptional() })),
  event('SuspensionReasonAdded', z.object(suspension)),
  event('LicenseReinstated', z.object({ suspendedSince: instant, suspendedForSeconds: seconds })),
  event('LicenseRenewed', renewal),
  event('LicenseExpired', z.object({ termNumber: ordinal, expiresAt: instant, graceUntil: instant.nullable() })),
  event('LicenseRevoked', z.object({ reasonCode: id, ends: ends.exactOptional() })),
  event('LicenseReferenceChanged', z.object({ from: z.string().nullable(), to: z.string().nullable() })),
] as const;
