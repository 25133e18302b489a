import type { StoredEvent } from '../events.ts';
import { eventMessage } from './event-message.ts';
import { type LinkNeeds, linkType, readLinkTarget } from './links.ts';
import type { ReadOnce, Subscribe } from './read-request.ts';
import type { Replies } from './reply-batch.ts';

/**
 * Returns a function that adds an event to an answer. It returns a promise when the reader must wait before the next
 * event, and undefined otherwise, because a promise for each event costs as much as its encoding.
 */
export const eventAdder =
  (
    replies: Replies,
    { ids, resolvesLinks }: ReadOnce | Subscribe,
    needs: LinkNeeds,
  ): ((event: StoredEvent) => Promise<void> | undefined) =>
  (event) => {
    if (resolvesLinks && event.type === linkType) return addLink(replies, event, { ids, ...needs });
    return replies.add(eventMessage(event, ids)) ? replies.send() : undefined;
  };

const addLink = async (
  replies: Replies,
  link: StoredEvent,
  { ids, ...needs }: Pick<ReadOnce, 'ids'> & LinkNeeds,
): Promise<void> => {
  if (replies.add(eventMessage(link, ids, await readLinkTarget(needs, link)))) await replies.send();
};
