import type { Instant } from '../../time.ts';
import type { Ends, Fact } from '../events.ts';

/** Events about who has a license and its key, stored as they are: add, never rename or repurpose. */
export type KeyEvent =
  /** The earlier key works until `overlapUntil`. `keyHash`, `secretId`, `hint`: of the new one, as in `LicenseKeyIssued`. */
  | Fact<
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
  | Fact<'LicenseKeyRetired', { readonly keyVersion: number }>
  | Fact<
      'LicenseTransferred',
      {
        readonly fromHolderOrgId: string | null;
        readonly toHolderOrgId: string | null;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
        readonly ends?: Ends;
      }
    >
  /** `by`: the license that was issued in place of this revoked one. */
  | Fact<'ReplacementIssued', { readonly by: string }>;

/** Lists why a license gets another key. */
export const rotationCauses = ['LOST', 'LEAKED', 'ROUTINE', 'ADMIN'] as const;
export type RotationCause = (typeof rotationCauses)[number];

/** Lists what becomes of the expiry of a license that is transferred. */
export const transferredExpiries = ['KEEP', 'RESET'] as const;
export type TransferredExpiry = (typeof transferredExpiries)[number];

/** Lists what becomes of the devices of a license that is transferred. */
export const transferredActivations = ['KEEP', 'RELEASE'] as const;
export type TransferredActivations = (typeof transferredActivations)[number];
