import type { Route } from '../route.ts';
import { getEvent } from './get-event.ts';
import { listEvents } from './list-events.ts';
import { type StreamNeeds, streamEvents } from './stream-events.ts';

export type EventRouteNeeds = StreamNeeds;

/** What happened to the licenses of an organization, to be read in order. */
export const eventRoutes = (needs: EventRouteNeeds): readonly Route[] => [
  listEvents(needs),
  streamEvents(needs),
  getEvent(needs),
];
