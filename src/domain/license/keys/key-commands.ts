import type { Command } from '../message-shapes.ts';
import type { RotationCause, TransferredActivations, TransferredExpiry } from './key-events.ts';

/** Commands about the key and the holder of a license. */
export type KeyCommand =
  /** The current key works for `overlapSeconds` more; 0: it stops at once. */
  | Command<
      'RotateKey',
      {
        readonly keyHash: string;
        readonly secretId: string;
        readonly hint: string;
        readonly overlapSeconds: number;
        readonly cause: RotationCause;
      }
    >
  /** The worker sends it: announces that a rotated key no longer works. */
  | Command<'RetireKey', { readonly keyVersion: number }>
  /** `accepted`: true when the receiver has agreed. */
  | Command<
      'Transfer',
      {
        readonly toHolderOrgId: string | null;
        readonly accepted: boolean;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
      }
    >;
