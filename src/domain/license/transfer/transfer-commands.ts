import type { Command } from '../message-shapes.ts';
import type { TransferredActivations, TransferredExpiry } from './transfer-events.ts';

/** Commands about the holder of a license. */
export type TransferCommand =
  /** `accepted`: true when the receiver has agreed. */
  Command<
    'Transfer',
    {
      readonly toHolderOrgId: string | null;
      readonly accepted: boolean;
      readonly expiry: TransferredExpiry;
      readonly activations: TransferredActivations;
    }
  >;
