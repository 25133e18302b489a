import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { fromMs, type Instant } from '../../domain/time.ts';

/**
 * What a validation names beyond what every validation reads, or its policy asks for; absent: not looked for. Hashes and
 * references come as alternatives, one for each secret there is.
 */
export type WantedDetails = {
  readonly holderHashes?: readonly string[];
  readonly userRefs?: readonly string[];
  readonly activationId?: string;
  /** Hashes of a device's parts, by name: devices that have any of them are found. */
  readonly components?: readonly Readonly<Record<string, string>>[];
  readonly checkIn?: boolean;
};

/** What was found; null or none also for what was not looked for. */
export type ValidationDetails = {
  /** The holder's lease: until when its last sign of life is good, in the past for one that lapsed. Null: it has none. */
  readonly leaseUntil: Instant | null;
  /** The hash under which the holder has an open lease. */
  readonly leaseHolder: string | null;
  /** The reference under which the user is assigned. */
  readonly assignedUser: string | null;
  /** The fingerprint hash of the open activation that was named; null: the license has no such activation. */
  readonly namedFingerprint: string | null;
  /** Devices with any of the parts, in the order of their activation. */
  readonly devices: readonly { readonly id: string; readonly components: Readonly<Record<string, string>> }[];
  readonly lastCheckInAt: Instant | null;
};

/** What is found where nothing is looked for. */
export const noDetails: ValidationDetails = {
  leaseUntil: null,
  leaseHolder: null,
  assignedUser: null,
  namedFingerprint: null,
  devices: [],
  lastCheckInAt: null,
};

/** Looks details up for a license that was found, in one round trip, as its issuer. `pool` is of ledger_api. */
export const readDetails = async (
  pool: Pool,
  { issuerOrgId, licenseId }: LicenseFacts,
  { holderHashes, userRefs, activationId, components, checkIn = false }: WantedDetails,
): Promise<ValidationDetails> => {
  const { rows } = await pool.query<DetailsRow>({
    name: 'validation-details',
    text: `select lease_until, lease_holder, assigned_user, named_fingerprint, devices, checked_in_at
      from rm.validation_details($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      ...[issuerOrgId, licenseId],
      holderHashes?.map((hash) => Buffer.from(hash, 'hex')) ?? null,
      ...[userRefs ?? null, activationId ?? null],
      components === undefined ? null : JSON.stringify(components),
      checkIn,
    ],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) throw new Error('rm.validation_details returned no row.');
  const [leaseUntil, leaseHolder, assignedUser, namedFingerprint, devices, lastCheckInAt] = row;
  return {
    leaseUntil: orNull(leaseUntil),
    leaseHolder,
    assignedUser,
    namedFingerprint,
    devices: devices ?? [],
    lastCheckInAt: orNull(lastCheckInAt),
  };
};

type DetailsRow = [
  leaseUntil: string | null,
  leaseHolder: string | null,
  assignedUser: string | null,
  namedFingerprint: string | null,
  devices: ValidationDetails['devices'] | null,
  lastCheckInAt: string | null,
];

const orNull = (ms: string | null): Instant | null => (ms === null ? null : fromMs(Number(ms)));
