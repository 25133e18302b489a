import type { Command } from '../message-shapes.ts';
import type { RotationCause } from './key-events.ts';

/** Commands about the key of a license. */
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
  | Command<'RetireKey', { readonly keyVersion: number }>;
