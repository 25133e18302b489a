import type { Pool } from 'pg';
import { cursorOf, type Page, pageEventsMax, readBulkPage, readPage } from './pages.ts';
import type { ReadOnce } from './read-request.ts';

/** Returns the page after the cursor. `count`: how many events the client still wants. */
export type PageReader = (cursor: bigint, count: bigint) => Promise<Page>;

/**
 * Returns a function that reads the pages of a read one after the other. While a page of the log is sent, Postgres
 * already reads the next one, so two pages are in memory at most.
 */
export const pageReader = (
  { scope, direction, filter }: ReadOnce,
  { db, nowMs, over }: { readonly db: Pool; readonly nowMs: () => number; readonly over: AbortSignal },
): PageReader => {
  let ahead: Promise<Page> | undefined;
  return async (cursor, count) => {
    const limit = filter || count > BigInt(pageEventsMax) ? pageEventsMax : Number(count);
    if (scope.kind === 'stream' || limit < pageEventsMax)
      return readPage(db, scope, { direction, cursor, limit, nowMs: nowMs(), over });
    const page = await (ahead ?? readBulkPage(db, { direction, cursor, over }));
    const last = page.events.at(-1);
    ahead = undefined;
    if (last !== undefined && page.more && (filter || count > BigInt(page.events.length))) {
      ahead = readBulkPage(db, { direction, cursor: cursorOf(scope, last), over });
      // When the read ends before, nobody waits for this page.
      ahead.catch(() => {});
    }
    return page;
  };
};
