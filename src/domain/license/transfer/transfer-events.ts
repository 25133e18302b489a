import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';

/** Events about the holder of a license, stored as they are: add, never rename or repurpose. */
export type TransferEvent = Event<
  'LicenseTransferred',
  {
    readonly fromHolderOrgId: string | null;
    readonly toHolderOrgId: string | null;
    readonly expiry: TransferredExpiry;
    readonly activations: TransferredActivations;
    readonly ends?: Ends;
  }
>;

/** Lists what happens to the expiry of a transferred license. */
export const transferredExpiries = ['KEEP', 'RESET'] as const;
export type TransferredExpiry = (typeof transferredExpiries)[number];

/** Lists what happens to the devices of a transferred license. */
export const transferredActivations = ['KEEP', 'RELEASE'] as const;
export type TransferredActivations = (typeof transferredActivations)[number];
