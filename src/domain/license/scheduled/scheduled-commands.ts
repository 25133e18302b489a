import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';

/** When a change takes effect that is announced now. */
export type Schedule = { readonly effectiveAt: Instant };

/** Commands about announced changes. */
export type ScheduledCommand =
  | Command<'CancelScheduled', { readonly eventId: string }>
  /** The worker sends it: carries out an announced tier change when its time has come. */
  | Command<'CarryOutScheduled', { readonly eventId: string }>;
