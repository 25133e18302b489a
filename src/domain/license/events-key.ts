import type { Instant } from '../time.ts';
import type { Ends, Fact } from './events.ts';

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
        readonly expiry: 'KEEP' | 'RESET';
        readonly activations: 'KEEP' | 'RELEASE';
        readonly ends?: Ends;
      }
    >
  /** `by`: the license that was issued in place of this revoked one. */
  | Fact<'ReplacementIssued', { readonly by: string }>;

export type RotationCause = 'LOST' | 'LEAKED' | 'ROUTINE' | 'ADMIN';
