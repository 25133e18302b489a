import type { Route } from '../route.ts';
import { getEvent } from './get-event.ts';
import { listEvents } from './list-events.ts';
import { type StreamNeeds, streamEvents } from './stream-events.ts';

export type EventRouteNeeds = StreamNeeds;

/** The operations that read the events of the licenses of an organization. */
export const eventRoutes = (needs: EventRouteNeeds): readonly Route[] => [
  listEvents(needs),
  streamEvents(needs),
  getEvent(needs),
];
