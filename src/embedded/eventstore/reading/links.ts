import type { Pool } from 'pg';
import type { StoredEvent } from '../events.ts';
import type { LinkTarget } from './event-message.ts';
import { afterAll, readPage } from './pages.ts';

/** The type of events that lead to another event. Their data are `revision@stream`. */
export const linkType = '$>';

/** Where a link is followed, and the clock of the store. */
export type LinkNeeds = { readonly db: Pool; readonly nowMs: () => number };

/**
 * Returns the event that a link leads to. Its event is undefined when it does not exist or a reader of its stream does
 * not see it. Returns undefined for data without a number, because then EventStoreDB delivers the link as a plain event.
 * A target that is a link is not followed.
 */
export const readLinkTarget = async ({ db, nowMs }: LinkNeeds, link: StoredEvent): Promise<LinkTarget | undefined> => {
  const data = Buffer.from(link.data).toString('utf8');
  const [, number, at, stream = ''] = linkPattern.exec(data) ?? [];
  if (number === undefined) return undefined;
  const revision = BigInt(number);
  if (revision > afterAll) return undefined;
  if (at === undefined || stream === '' || stream.includes('\0')) return { event: undefined };
  const scope = { kind: 'stream', stream } as const;
  const { events } = await readPage(db, scope, {
    direction: 'forwards',
    cursor: revision - 1n,
    limit: 1,
    nowMs: nowMs(),
  });
  return { event: events.find((event) => event.revision === String(revision)) };
};

const linkPattern = /^\s*\+?(\d+)\s*(?:(@)(.*))?$/s;
