import type { Command } from '../message-shapes.ts';
import type { RotationCause } from './key-events.ts';

/** What events store of a new key: the HMAC of its body, the secret of this HMAC, and its last group. */
export type NewKey = { readonly keyHash: string; readonly secretId: string; readonly hint: string };

/** Commands about the key of a license. */
export type KeyCommand =
  /** The current key works for `overlapSeconds` more; 0, LEAKED and LOST: it stops at once. */
  | Command<
      'RotateKey',
      {
        readonly overlapSeconds: number;
        readonly cause: RotationCause;
      } & NewKey
    >
  /** The worker sends it: announces that a rotated key no longer works. */
  | Command<'RetireKey', { readonly keyVersion: number }>
  /** Stops an earlier key before its overlap ends; without `keyVersion` all of them. */
  | Command<'EndKeyOverlap', { readonly keyVersion?: number }>;
