import type { NewKey } from '../keys/key-commands.ts';
import type { Command } from '../message-shapes.ts';
import type { TransferredActivations, TransferredExpiry } from './transfer-events.ts';

/** Commands about the holder of a license. */
export type TransferCommand =
  /**
   * `accepted`: true when the receiver has consented to the issuer. `newKey`: replaces every key with RELEASE, so that
   * the old holder has none that works; absent: the keys stay.
   */
  | Command<
      'Transfer',
      {
        readonly toHolderOrgId: string | null;
        readonly accepted: boolean;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
        readonly newKey?: NewKey;
      }
    >
  /** Offers the license to an organization that has not consented. The caller has checked the limit of open offers. */
  | Command<
      'OfferLicense',
      {
        readonly toHolderOrgId: string;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
      }
    >
  /**
   * The caller has checked that its organization consents to the issuer, and may accept for it. `newKey`: as for a
   * transfer.
   */
  | Command<'AcceptOffer', { readonly holderOrgId: string; readonly newKey?: NewKey }>
  | Command<'DeclineOffer', { readonly holderOrgId: string }>;
