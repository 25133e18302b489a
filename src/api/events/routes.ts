import type { Pool } from 'pg';
import type { Authenticate } from '../authorize.ts';
import type { Route } from '../route.ts';
import { createCurrentRefusal } from './current-refusal.ts';
import { getEvent } from './get-event.ts';
import { listEvents } from './list-events.ts';
import { createSharedReads } from './shared-reads.ts';
import { type StreamNeeds, streamEvents } from './stream-events.ts';

export type EventRouteNeeds = Omit<StreamNeeds, 'readPage' | 'currentRefusal'> & {
  readonly authenticate: Authenticate;
  /** The pool of streams and of requests that wait. No other request uses it. */
  readonly feedPool: Pool;
};

/** The operations that read the events of the licenses of an organization. */
export const eventRoutes = (needs: EventRouteNeeds): readonly Route[] => {
  const feedNeeds = {
    ...needs,
    readPage: createSharedReads(needs.feedPool),
    currentRefusal: createCurrentRefusal(needs.authenticate),
  };
  return [listEvents(feedNeeds), streamEvents(feedNeeds), getEvent(needs)];
};
