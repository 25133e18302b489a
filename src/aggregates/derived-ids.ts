import { createHash } from 'node:crypto';
import { decodeId, encodeId } from '../domain/ids.ts';
import type { Tier } from '../domain/license/policy.ts';
import type { NeededReservation } from '../domain/reservation/trial.ts';
import { joined, ledgerNamespace, uuidv5 } from '../eventstore/ids.ts';

/** The license that one is imported as: the same each time, so that none is imported twice. Throws when a field holds a NUL. */
export const importedLicenseId = (issuerOrgId: string, source: string, sourceRef: string): string =>
  encodeId('lic', uuidv5(ledgerNamespace, joined(['import', issuerOrgId, source, sourceRef])));

/** The policy that an issuer has of each tier, whether or not its catalog was opened. Throws for what is no organization. */
export const builtInPolicyId = (issuerOrgId: string, tier: Tier): string =>
  encodeId('pol', uuidv5(decodeId('org', issuerOrgId) ?? '', tier));

/** The policies that an issuer has of all tiers. Throws for what is no organization. */
export const builtInPolicyIds = (issuerOrgId: string): Readonly<Record<Tier, string>> => ({
  FREE: builtInPolicyId(issuerOrgId, 'FREE'),
  TRIAL: builtInPolicyId(issuerOrgId, 'TRIAL'),
  PRO: builtInPolicyId(issuerOrgId, 'PRO'),
  ENTERPRISE: builtInPolicyId(issuerOrgId, 'ENTERPRISE'),
});

/**
 * What names the stream of a reservation: its kind, and SHA-256 of the fields that are to be unique together, hex. None of
 * them is a secret or personal: ids, codes, HMACs. Throws when a field holds a NUL character.
 */
export const reservationId = ({ kind, fields }: NeededReservation): string =>
  `${kind}-${createHash('sha256').update(joined(fields)).digest('hex')}`;
