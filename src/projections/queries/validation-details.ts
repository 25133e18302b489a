import type { Pool } from 'pg';
import type { Activation, LicenseFacts } from '../../domain/license/license.ts';
import { fromMs, type Instant } from '../../domain/time.ts';

/**
 * The details that a validation reads besides `ValidationFacts`. An absent field is not read. Hashes and references are
 * alternatives, one for each secret.
 */
export type WantedDetails = {
  readonly holderHashes?: readonly string[];
  readonly userRefs?: readonly string[];
  readonly activationId?: string;
  /** The fingerprint hash of an open activation, whose details are returned unless `activationId` is named. */
  readonly fingerprintHash?: string;
  /** Hashes of the parts of a device, by name. Devices with any of them are returned. */
  readonly components?: readonly Readonly<Record<string, string>>[];
  readonly checkIn?: boolean;
};

/** The details. A detail that is missing or was not read is null or an empty list. */
export type ValidationDetails = {
  /**
   * Until when the holder's lease lives after its last heartbeat, in the past for a lapsed lease. Null: it has none.
   */
  readonly leaseUntil: Instant | null;
  /** The holder's lease is borrowed, so it needs no heartbeats. */
  readonly leaseBorrowed: boolean;
  /** The hash under which the holder has an open lease. */
  readonly leaseHolder: string | null;
  /** The reference of the user that the open lease was taken for. */
  readonly leaseUser: string | null;
  /** The reference by which the user is assigned. */
  readonly assignedUser: string | null;
  /** The fingerprint hash of the named activation. Null: the license has no such open activation. */
  readonly namedFingerprint: string | null;
  /** The details of the named device. Null or empty: it has none, or there is no such device. */
  readonly activatedFor: ActivatedFor;
  /** The devices with any of the parts, in the order of their activation. */
  readonly devices: readonly ({ readonly id: string } & ActivatedFor & Pick<Activation, 'fingerprintHash'>)[];
  readonly lastCheckInAt: Instant | null;
};

/** The reference of the user and the environment that a device was activated for, and its components. */
export type ActivatedFor = Pick<Activation, 'userRef' | 'environment' | 'components'>;

/** The details of a validation that reads none. */
export const noDetails: ValidationDetails = {
  leaseUntil: null,
  leaseBorrowed: false,
  leaseHolder: null,
  leaseUser: null,
  assignedUser: null,
  namedFingerprint: null,
  activatedFor: { userRef: null, environment: null, components: {} },
  devices: [],
  lastCheckInAt: null,
};

/** Reads the details of a license in one round trip, as its issuer. `pool` is of ledger_api. */
export const readDetails = async (
  pool: Pool,
  { issuerOrgId, licenseId }: LicenseFacts,
  { holderHashes, userRefs, activationId, fingerprintHash, components, checkIn = false }: WantedDetails,
): Promise<ValidationDetails> => {
  const { rows } = await pool.query<DetailsRow>({
    name: 'validation-details',
    text: `select lease_until, lease_borrowed, lease_holder, assigned_user, named_fingerprint, devices, checked_in_at,
        device_user, device_environment, device_components, lease_user
      from rm.validation_details($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      issuerOrgId,
      licenseId,
      holderHashes?.map((hash) => Buffer.from(hash, 'hex')) ?? null,
      userRefs ?? null,
      activationId ?? null,
      components === undefined ? null : JSON.stringify(components),
      checkIn,
      fingerprintHash === undefined ? null : Buffer.from(fingerprintHash, 'hex'),
    ],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) throw new Error('rm.validation_details returned no row.');
  const [leaseUntil, leaseBorrowed, leaseHolder, assignedUser, namedFingerprint, ...others] = row;
  const [devices, lastCheckInAt, userRef, environment, deviceComponents, leaseUser] = others;
  return {
    leaseUntil: orNull(leaseUntil),
    leaseBorrowed: leaseBorrowed === true,
    leaseHolder,
    leaseUser,
    assignedUser,
    namedFingerprint,
    activatedFor: { userRef, environment, components: deviceComponents ?? {} },
    devices: devices ?? [],
    lastCheckInAt: orNull(lastCheckInAt),
  };
};

type DetailsRow = [
  leaseUntil: string | null,
  leaseBorrowed: boolean | null,
  leaseHolder: string | null,
  assignedUser: string | null,
  namedFingerprint: string | null,
  devices: ValidationDetails['devices'] | null,
  lastCheckInAt: string | null,
  deviceUser: string | null,
  deviceEnvironment: string | null,
  deviceComponents: ActivatedFor['components'] | null,
  leaseUser: string | null,
];

const orNull = (ms: string | null): Instant | null => (ms === null ? null : fromMs(Number(ms)));
