import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';
import type { Limit } from '../usage/usage-limits.ts';

/** Events about devices, stored as they are: add, never rename or repurpose. */
export type DeviceEvent =
  | Event<
      'ActivationRecorded',
      {
        readonly activationId: string;
        /** HMAC-SHA-256 of issuer and fingerprint, hex. */
        readonly fingerprintHash: string;
        readonly product: string | null;
        /** Reference to the device's name in `vault`. */
        readonly nameRef: string | null;
        readonly platform: string | null;
        readonly appVersion: string | null;
        readonly countAfter: number;
        readonly limit: Limit;
        /** The activation is above the limit, as the policy allows. */
        readonly overage: boolean;
        /** Hashes of the device's components, by name. */
        readonly components?: Readonly<Record<string, string>>;
        readonly userRef?: string;
        readonly environment?: string;
      }
    >
  /**
   * The device was last seen at `lastSeenAt`. Without a later contact it is deactivated at `deactivatesAt` or after that.
   * A later announcement replaces an earlier one.
   */
  | Event<
      'DeactivationAnnounced',
      { readonly activationId: string; readonly lastSeenAt: Instant; readonly deactivatesAt: Instant }
    >
  /**
   * Administrators changed the device. `userRef`: its user; `metadataRef`: the reference of its metadata in `vault`. Null:
   * it has none any longer. Absent: as before.
   */
  | Event<
      'ActivationDetailsChanged',
      {
        readonly activationId: string;
        readonly userRef?: string | null;
        readonly metadataRef?: string | null;
      }
    >
  | Event<'ActivationUpdated', { readonly activationId: string } & DeviceChanges>
  | Event<
      'ActivationDeactivated',
      {
        readonly activationId: string;
        readonly cause: DeactivationCause;
        readonly countAfter: number;
        /** Hash of the presented fingerprint, when components found the device. Absent: the name was exact. */
        readonly presentedHash?: string;
      }
    >;

/** The changed details of an active device. What is absent stays. */
export type DeviceChanges = {
  /** Reference to the device's new name in `vault`. */
  readonly nameRef?: string;
  readonly platform?: string;
  readonly appVersion?: string;
  /** Hashes of all recorded components, by name; they replace the earlier ones. */
  readonly components?: Readonly<Record<string, string>>;
  readonly userRef?: string;
  readonly environment?: string;
};

/** Lists why a device is deactivated. */
export const deactivationCauses = [
  'USER',
  'ADMIN',
  'SWAP',
  'LAPSE',
  'PRODUCT_REMOVED',
  'LICENSE_REVOKED',
  'TRANSFER',
  'LIMIT_LOWERED',
  'USER_UNASSIGNED',
  // The license had expired, and another license activated the device.
  'EXPIRED',
  // The policy ends devices without a contact (`deactivateUnseenAfter`).
  'UNSEEN',
] as const;
export type DeactivationCause = (typeof deactivationCauses)[number];
