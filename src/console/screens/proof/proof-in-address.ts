import { idPattern } from '../../../domain/ids.ts';

const eventId = idPattern('evt');

/** Returns true for the id of an event. */
export const isEventId = (text: string): boolean => eventId.test(text);

/** Returns the event whose proof an address shows. Other values are ignored. */
export const proofIn = ({ event }: Record<string, unknown>): { readonly event?: string } =>
  typeof event === 'string' && isEventId(event) ? { event } : {};
