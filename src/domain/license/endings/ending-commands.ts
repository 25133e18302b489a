import type { Command } from '../message-shapes.ts';

/** Commands about the end of a license. */
export type EndingCommand =
  | Command<'Revoke', { readonly reasonCode: string }>
  /**
   * The worker sends it until nothing is left: announces the next devices, leases and users that a decisive event
   * ended.
   */
  | Command<'AnnounceEnded', Record<never, never>>;
