import type { Instant } from '../../time.ts';
import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';

/** Events about the holder of a license, stored as they are: add, never rename or repurpose. */
export type TransferEvent =
  | Event<
      'LicenseTransferred',
      {
        readonly fromHolderOrgId: string | null;
        readonly toHolderOrgId: string | null;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
        readonly ends?: Ends;
      }
    >
  /**
   * The license is offered to an organization that has not consented to its issuer. The holder stays as it is until
   * `LicenseTransferred` carries out the offer. A later offer replaces this one. Open in `[recorded, expiresAt)`.
   */
  | Event<
      'LicenseOffered',
      {
        readonly toHolderOrgId: string;
        readonly expiresAt: Instant;
        readonly expiry: TransferredExpiry;
        readonly activations: TransferredActivations;
      }
    >
  /** The offer ended without a transfer. An offer that expires, or ends with its license, has no such event. */
  | Event<'LicenseOfferEnded', { readonly toHolderOrgId: string; readonly cause: OfferEnd }>;

/** Lists why an offer ends: its receiver declines it, or its issuer withdraws it. */
export const offerEnds = ['DECLINED', 'WITHDRAWN'] as const;
export type OfferEnd = (typeof offerEnds)[number];

/** Lists what happens to the expiry of a transferred license. */
export const transferredExpiries = ['KEEP', 'RESET'] as const;
export type TransferredExpiry = (typeof transferredExpiries)[number];

/** Lists what happens to the devices of a transferred license. */
export const transferredActivations = ['KEEP', 'RELEASE'] as const;
export type TransferredActivations = (typeof transferredActivations)[number];
