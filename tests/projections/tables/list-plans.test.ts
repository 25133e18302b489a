import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, nameOf, pages, pairsOf } from '../../../bench/list-filters.ts';
import { listNow, listTenants, writeListRows } from '../../../bench/list-rows.ts';
import { createReadModels } from '../../support/read-models.ts';

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
// The big issuer has 9,600 licenses in at least 1,300 blocks. A search reads up to 2,000 matches on each side.
const blocksMax = 700;
const blocksMaxOfSearch = 9_000;

test.each([
  ['issuer of most licenses', listTenants.big],
  ['holder of a tenth of them', listTenants.holder],
])('Every filter and every pair of filters reads few blocks for the %s', async (_, orgId) => {
  const tooMany: string[] = [];
  for (const filters of pairsOf(licenses))
    for (const [page, after] of Object.entries(pages(filters, licenses))) {
      const blocks = await blocksOf(models.api, { orgId, limit: 51, after, now: listNow, ...filters });
      const max = filters.q === undefined ? blocksMax : blocksMaxOfSearch;
      if (blocks > max) tooMany.push(`${nameOf(filters)}, ${page} page: ${blocks}`);
    }
  expect(tooMany).toEqual([]);
});
