import { expect, test } from 'vitest';
import { createPages } from '../../../src/api/events/feed.ts';
import type { FeedEvent, FeedPage } from '../../../src/projections/queries/event-feed.ts';
import { joinCoverage, type LogCoverage } from '../../../src/projections/queries/feed-coverage.ts';
import { vendor } from '../../support/license-fixtures.ts';

const coverage = (from: number, through: number): LogCoverage => ({ from: BigInt(from), through: BigInt(through) });

test.each([
  ['of two pages', coverage(0, 3), coverage(4, 6), coverage(0, 6)],
  ['of a page and one that covers nothing', coverage(2, 5), coverage(6, 5), coverage(2, 5)],
  ['of a page and one that begins in it', coverage(2, 5), coverage(4, 4), coverage(2, 5)],
  ['after a page without coverage', null, coverage(0, 1), coverage(0, 1)],
  ['before a page without coverage', coverage(0, 1), null, coverage(0, 1)],
])('The coverage %s is one', (_, first, next, joined) => {
  expect(joinCoverage(first, next)).toEqual(joined);
});

test('A page after a wait covers what it has read before, also events of other types', async () => {
  const page = (position: bigint, events: readonly FeedEvent[], covered: LogCoverage): FeedPage => ({
    events,
    through: { position, licenseId: 'lic_a', revision: 0n },
    hasMore: false,
    covered,
  });
  const event = { eventId: 'evt_a' } as FeedEvent;
  const pages = [page(1n, [], coverage(3, 4)), page(2n, [], coverage(5, 7)), page(3n, [event], coverage(8, 8))];
  let reads = 0;
  const next = createPages(
    {
      read: async () => pages[reads++] ?? null,
      follower: {
        mark: () => reads,
        news: async () => undefined,
        stopped: new AbortController().signal,
        close: () => undefined,
      },
    },
    { organizationId: vendor, types: ['LicenseRevoked'], products: null },
  );
  const { signal } = new AbortController();
  expect(await next(null, { limit: 10, waitMs: 60_000, signal })).toMatchObject({
    events: [event],
    covered: coverage(3, 8),
  });
});
