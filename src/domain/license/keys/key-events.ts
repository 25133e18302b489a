import type { Instant } from '../../time.ts';
import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';

/** Events about the key and the holder of a license, stored as they are: add, never rename or repurpose. */
export type KeyEvent =
  /** `keyHash`: HMAC-SHA-256 of the key's body, hex. `secretId` names the secret of this HMAC. */
  | Event<
      'LicenseKeyIssued',
      { readonly keyVersion: number; readonly keyHash: string; readonly secretId: string; readonly hint: string }
    >
  /**
   * The previous key works until `overlapUntil`. `keyHash`, `secretId`, `hint`: of the new key, as in
   * `LicenseKeyIssued`.
   */
  | Event<
      'LicenseKeyRotated',
      {
        readonly fromVersion: number;
        readonly toVersion: number;
        readonly keyHash: string;
        readonly secretId: string;
        readonly hint: string;
        readonly overlapUntil: Instant;
        readonly cause: RotationCause;
      }
    >
  | Event<'LicenseKeyRetired', { readonly keyVersion: number }>
  | Event<
      'LicenseTransferred',
      {
        readonly fromHolderOrgId: string | null;
        readonly toHolderOrgId: string | null;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
        readonly ends?: Ends;
      }
    >;

/** Lists why a license gets another key. */
export const rotationCauses = ['LOST', 'LEAKED', 'ROUTINE', 'ADMIN'] as const;
export type RotationCause = (typeof rotationCauses)[number];

/** Lists what happens to the expiry of a transferred license. */
export const transferredExpiries = ['KEEP', 'RESET'] as const;
export type TransferredExpiry = (typeof transferredExpiries)[number];

/** Lists what happens to the devices of a transferred license. */
export const transferredActivations = ['KEEP', 'RELEASE'] as const;
export type TransferredActivations = (typeof transferredActivations)[number];
