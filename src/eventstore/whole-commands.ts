import type { Proposed } from './event-store.ts';

// `moreFollow` in the metadata of an event says that another event of its command follows in the same append. It is
// absent in the last event, and in all events that an earlier release stored. The envelope leaves it out, because it
// changes nothing about the event.

/** Returns the metadata of one of the events that a command records together. `isLast`: it is the last of them. */
export const withFollower = (metadata: Proposed['metadata'], isLast: boolean): Proposed['metadata'] =>
  isLast ? metadata : { ...metadata, moreFollow: true };

/**
 * Returns true when another event of the same command follows in the same append. Returns false for events of earlier
 * releases, which do not say it.
 */
export const isFollowed = ({ metadata }: Pick<Proposed, 'metadata'>): boolean => metadata.moreFollow === true;
