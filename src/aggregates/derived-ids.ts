import { createHash } from 'node:crypto';
import { decodeId, encodeId } from '../domain/ids.ts';
import type { Tier } from '../domain/license/policy.ts';
import type { NeededReservation } from '../domain/reservation/trial.ts';
import { joined, ledgerNamespace, uuidv5 } from '../eventstore/uuids.ts';

/**
 * Returns the id of an imported license. It is the same each time, so that a license is not imported twice. Throws when
 * a field contains a NUL character.
 */
export const importedLicenseId = (issuerOrgId: string, source: string, sourceRef: string): string =>
  encodeId('lic', uuidv5(ledgerNamespace, joined(['import', issuerOrgId, source, sourceRef])));

/**
 * Returns the id of an issuer's built-in policy of a tier. Throws when `issuerOrgId` is not the id of an organization.
 */
export const builtInPolicyId = (issuerOrgId: string, tier: Tier): string =>
  encodeId('pol', uuidv5(decodeId('org', issuerOrgId) ?? '', tier));

/** Returns the ids of an issuer's built-in policies of all tiers. Throws as `builtInPolicyId` does. */
export const builtInPolicyIds = (issuerOrgId: string): Readonly<Record<Tier, string>> => ({
  FREE: builtInPolicyId(issuerOrgId, 'FREE'),
  TRIAL: builtInPolicyId(issuerOrgId, 'TRIAL'),
  PRO: builtInPolicyId(issuerOrgId, 'PRO'),
  ENTERPRISE: builtInPolicyId(issuerOrgId, 'ENTERPRISE'),
});

/**
 * Returns the id of a reservation: its kind, and the SHA-256 (hex) of the fields that must be unique together. The
 * fields are ids, codes and HMACs, never secrets or personal values. Throws when a field contains a NUL character.
 */
export const reservationId = ({ kind, fields }: NeededReservation): string =>
  `${kind}-${createHash('sha256').update(joined(fields)).digest('hex')}`;
