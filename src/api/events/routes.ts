import type { Pool } from 'pg';
import type { Route } from '../route.ts';
import { getEvent } from './get-event.ts';
import { listEvents } from './list-events.ts';
import { createSharedReads } from './shared-reads.ts';
import { type StreamNeeds, streamEvents } from './stream-events.ts';

export type EventRouteNeeds = Omit<StreamNeeds, 'readPage'> & {
  /** The pool of streams and of requests that wait. No other request uses it. */
  readonly feedPool: Pool;
};

/** The operations that read the events of the licenses of an organization. */
export const eventRoutes = (needs: EventRouteNeeds): readonly Route[] => {
  const feedNeeds = { ...needs, readPage: createSharedReads(needs.feedPool) };
  return [listEvents(feedNeeds), streamEvents(feedNeeds), getEvent(needs)];
};
