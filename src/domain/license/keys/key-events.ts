import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';

/** Events about the key of a license, stored as they are: add, never rename or repurpose. */
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
  | Event<'LicenseKeyRetired', { readonly keyVersion: number }>;

/** Lists why a license gets another key. */
export const rotationCauses = ['LOST', 'LEAKED', 'ROUTINE', 'ADMIN'] as const;
export type RotationCause = (typeof rotationCauses)[number];
