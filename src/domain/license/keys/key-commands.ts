import type { Command } from '../commands.ts';
import type { RotationCause, TransferredActivations, TransferredExpiry } from './key-events.ts';

/** Commands about who has a license and its key. */
export type KeyCommand =
  /** The present key works for `overlapSeconds` more; 0: not at all. */
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
  /** Sent by the worker: says that a rotated key works no more. */
  | Command<'RetireKey', { readonly keyVersion: number }>
  /** `accepted`: whether the receiver has agreed. */
  | Command<
      'Transfer',
      {
        readonly toHolderOrgId: string | null;
        readonly accepted: boolean;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
      }
    >
  /** Notes on a revoked license which one was issued in its place. */
  | Command<'RecordReplacement', { readonly by: string }>;
