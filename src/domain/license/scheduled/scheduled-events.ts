import type { Event } from '../message-shapes.ts';

/** Events about announced changes, stored as they are: add, never rename or repurpose. */
export type ScheduledEvent =
  /** `eventId`: the id of the event that announced the change. */
  Event<'ScheduledChangeCancelled', { readonly eventId: string }>;
