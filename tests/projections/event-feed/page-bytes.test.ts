import { expect, test } from 'vitest';
import { pageBytesMax } from '../../../src/projections/queries/page-bytes.ts';
import { createLog, vendor } from '../../support/license-fixtures.ts';
import { project } from '../../support/read-models.ts';
import { feedIn, useFeeds } from './support.ts';

const { models, read, drain } = useFeeds();

const ledger = createLog();
for (let license = 0; license < 13; license += 1) ledger.issue(`license ${license}`);
const all = feedIn(ledger.log, vendor);

/** Projects the log with events of about 190 kB. `text`: SQL of 32 characters that each event repeats. */
const projectLarge = async (text: string) => {
  await project(models().projector, ledger.log);
  await models().superuser.query(`update rm.license_events e set data = data || jsonb_build_object('large',
    (select string_agg(${text}, '') from generate_series(1, 5_900) n))`);
};

// Random text does not get smaller where Postgres stores it, and equal text gets a hundred times smaller.
test.each(['md5(n::text || e.event_id)', `'0123456789abcdef0123456789abcdef'`])(
  'A page of large events ends at 4 MB, and the next page goes on without a gap: %s',
  async (text) => {
    await projectLarge(text);
    const first = await read(vendor, null, { limit: 1_000 });
    const bytes = JSON.stringify(first?.events.map(({ data }) => data)).length;
    expect(bytes).toBeLessThanOrEqual(pageBytesMax);
    expect(bytes).toBeGreaterThan(pageBytesMax * 0.9);
    expect(first?.hasMore).toBe(true);
    const { seen, pages } = await drain(vendor, null, { limit: 1_000 });
    expect([seen, pages]).toEqual([all, 2]);
  },
);

test('A page has at least one event, and pages of one type skip none of it', async () => {
  await projectLarge('md5(n::text || e.event_id)');
  const alone = await drain(vendor, null, { limit: 1_000, bytesMax: 1 });
  expect([alone.seen, alone.pages]).toEqual([all, all.length]);
  const types = ['LicenseKeyIssued'];
  const { seen } = await drain(vendor, null, { types, limit: 1_000, bytesMax: 500_000 });
  expect(seen).toEqual(feedIn(ledger.log, vendor, types));
});

test('A page that has room for all events says that there are no more', async () => {
  await project(models().projector, ledger.log);
  const page = await read(vendor, null, { limit: 1_000 });
  expect([page?.events.length, page?.hasMore]).toEqual([all.length, false]);
});
