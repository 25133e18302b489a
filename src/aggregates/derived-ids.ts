import { createHash } from 'node:crypto';
import { encodeId } from '../domain/ids.ts';
import type { NeededReservation } from '../domain/reservation/trial.ts';
import { uuidv5 } from '../eventstore/uuid-v5.ts';
import { joined, ledgerNamespace } from '../eventstore/uuids.ts';

/**
 * Returns the id of an imported license. It is the same each time, so that a license is not imported twice. Throws when
 * a field contains a NUL character.
 */
export const importedLicenseId = (issuerOrgId: string, source: string, sourceRef: string): string =>
  encodeId('lic', uuidv5(ledgerNamespace, joined(['import', issuerOrgId, source, sourceRef])));

/**
 * Returns the id of a reservation: its kind, and the SHA-256 (hex) of the fields that must be unique together. The
 * fields are ids, codes and HMACs, never secrets or personal values. Throws when a field contains a NUL character.
 */
export const reservationId = ({ kind, fields }: NeededReservation): string =>
  `${kind}-${createHash('sha256').update(joined(fields)).digest('hex')}`;
