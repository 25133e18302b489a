import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, type Filters, nameOf, pages, pairsOf } from '../../../bench/list-filters.ts';
import { listNow, listTenants, writeListRows } from '../../../bench/list-rows.ts';
import { createReadModels } from '../../support/read-models.ts';
import { sampled } from '../../support/size.ts';

const licenses = 12_000;
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  const db = await models.superuser.connect();
  await writeListRows(db, licenses);
  db.release();
});
afterAll(() => models.drop());

// A list that reads a license, its place in an index and its products for each row of a page reads about 400 blocks.
// The big issuer has 9,600 licenses in at least 1,300 blocks. A search counts up to 2,000 matches on each side, and then reads as many.
const blocksMax = 800;
// A policy has a page for each tier and status.
const blocksMaxOfPolicy = 1_500;
const blocksMaxOfSearch = 10_000;
// The counts of each match decide whether it was validated.
const blocksMaxOfCounts = 4_000;

const maxOf = ({
  q,
  contains,
  policy,
  metadata,
  userRefs,
  activations,
  seats,
  lastValidatedBefore,
}: Filters): number => {
  const searches = [q, contains, metadata, userRefs, activations, seats, lastValidatedBefore].filter(
    (filter) => filter !== undefined,
  ).length;
  if (searches > 0) return searches * blocksMaxOfSearch + (lastValidatedBefore === undefined ? 0 : blocksMaxOfCounts);
  return policy === undefined ? blocksMax : blocksMaxOfPolicy;
};

const listed = pairsOf(licenses).flatMap((filters) =>
  Object.entries(pages(filters, licenses)).map(([page, after]) => ({ filters, page, after })),
);
// The pairs of the issuer have their first page here, and those of the holder the middle one.
test.each(
  sampled(
    [
      ['issuer of most licenses', listTenants.big, 'first'],
      ['holder of a tenth of them', listTenants.holder, 'middle'],
    ] as const,
    2,
  ),
)(
  'Every filter and every pair of filters reads few blocks for the %s',
  async (_, orgId, pairPage) => {
    const tooMany: string[] = [];
    for (const { filters, page, after } of listed) {
      if (page !== pairPage && Object.keys(filters).length > 1) continue;
      const blocks = await blocksOf(models.api, { orgId, limit: 51, after, now: listNow, ...filters });
      const max = maxOf(filters);
      if (blocks > max) tooMany.push(`${nameOf(filters)}, ${page} page: ${blocks}`);
    }
    expect(tooMany).toEqual([]);
  },
  120_000,
);
