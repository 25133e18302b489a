import type { NewKey } from '../keys/key-commands.ts';
import type { Command } from '../message-shapes.ts';
import type { TransferredActivations, TransferredExpiry } from './transfer-events.ts';

/** Commands about the holder of a license. */
export type TransferCommand =
  /**
   * `accepted`: true when the receiver has agreed. `newKey`: replaces every key with RELEASE, so that the old holder
   * has none that works; absent: the keys stay.
   */
  Command<
    'Transfer',
    {
      readonly toHolderOrgId: string | null;
      readonly accepted: boolean;
      readonly expiry: TransferredExpiry;
      readonly activations: TransferredActivations;
      readonly newKey?: NewKey;
    }
  >;
