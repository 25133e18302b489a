import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { applyOrPark } from '../../../src/projections/apply-or-park.ts';
import { readCheckpoint } from '../../../src/projections/checkpoint.ts';
import type { FeedPage } from '../../../src/projections/queries/event-feed.ts';
import type { FeedPlace } from '../../../src/projections/queries/feed-place.ts';
import { historyOf } from '../../../src/projections/tables/license-events.ts';
import { createLog, customer, rival, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { project, quiet, readModels, refuseLicense } from '../../support/read-models.ts';
import { countedEntries } from '../issuer-logs/support.ts';
import { feedIn, tenants, useFeeds } from './support.ts';

const { models, read } = useFeeds();

/** What an organization's own log has at each index: the stream and revision of the event. */
const logOf = (log: readonly Recorded[], org: string): readonly string[] =>
  countedEntries(log)
    .filter((entry) => entry.startsWith(org))
    .map((entry) => entry.split(' ').slice(2, 4).join(' '));

const eventName = ({ licenseId, revision }: FeedPlace): string => `license-${licenseId} ${revision}`;

type Options = NonNullable<Parameters<typeof read>[2]>;

/** Reads a whole feed. */
const pagesOf = async (org: string, options: Options = {}): Promise<readonly FeedPage[]> => {
  const pages: FeedPage[] = [];
  for (let after: FeedPlace | null = null; ; ) {
    const page: FeedPage | null = await read(org, after, options);
    if (page === null) throw new Error('The place is unknown.');
    pages.push(page);
    after = page.through;
    if (!page.hasMore) return pages;
  }
};

/**
 * Counts as a consumer does: the pages cover each index once, each event of a page has an index that the page covers, and
 * no index that the pages cover is of an event of the feed that they do not have. Returns how many indexes they cover.
 */
const countCovered = (
  pages: readonly FeedPage[],
  org: string,
  log: readonly Recorded[],
  expected: ReadonlySet<string>,
) => {
  const own = logOf(log, org);
  const seen = new Set<bigint>();
  for (const { events, covered } of pages) {
    const indexes = new Map(
      events.flatMap(({ logIndex, ...event }) => (logIndex === null ? [] : [[logIndex, eventName(event)]])),
    );
    for (let index = covered?.from ?? 0n; index <= (covered?.through ?? -1n); index += 1n) {
      expect(seen.has(index)).toBe(false);
      seen.add(index);
      const event = indexes.get(index);
      if (event === undefined) expect(expected).not.toContain(own[Number(index)]);
      else expect(event).toBe(own[Number(index)]);
      indexes.delete(index);
    }
    expect([...indexes.keys()]).toEqual([]);
  }
  return seen.size;
};

describe('The pages of a feed cover every index of the log of the organization', () => {
  const log = randomLog(500, 21);
  const types = ['LicenseRenewed', 'LicenseTransferred'];
  const license = log.find(({ stream }) => stream.startsWith('license-'))?.stream.slice(8) ?? '';
  test.each<Options>([
    { order: 'asc', limit: 1_000 },
    { order: 'asc', limit: 7 },
    { order: 'desc', limit: 1_000 },
    { order: 'desc', limit: 7 },
    { order: 'asc', limit: 2, types },
    { order: 'desc', limit: 2, types },
    { order: 'asc', limit: 3, types: ['Nothing'] },
    { order: 'desc', limit: 3, types: ['Nothing'] },
    { order: 'asc', limit: 7, bytesMax: 2_000 },
    { order: 'asc', limit: 5, issuer: vendor },
    { order: 'desc', limit: 5, issuer: rival, readMax: 20 },
    { order: 'asc', limit: 2, license, readMax: 20 },
    { order: 'desc', limit: 2, license },
  ])('with %o', async (options) => {
    await project(models().projector, log);
    for (const org of tenants) {
      const fitting = new Set(feedIn(log, org, options.types));
      const expected = new Set(
        log
          .filter(
            ({ id, metadata }) => fitting.has(id) && (options.issuer ?? metadata.issuerOrgId) === metadata.issuerOrgId,
          )
          .map(({ stream, revision }) => `${stream} ${revision}`)
          .filter((name) => name.startsWith(`license-${options.license ?? ''}`)),
      );
      const pages = await pagesOf(org, options);
      expect(countCovered(pages, org, log, expected)).toBe(logOf(log, org).length);
    }
  });
});

describe('A page', () => {
  test('has the sequence of an event for the issuer alone, and the history too', async () => {
    const ledger = createLog();
    ledger.organization(vendor, 'Vendor');
    const licenseId = ledger.issue('held', { holderOrgId: customer });
    await project(models().projector, ledger.log);
    const indexes = async (org: string) => {
      const page = await read(org, null);
      const history = await asTenant(models().api, org, (db) =>
        historyOf(db, licenseId, { order: 'asc', limit: 10, afterRevision: null }),
      );
      return [
        page?.events.map(({ logIndex }) => logIndex),
        history.entries.map(({ logIndex }) => logIndex),
        page?.covered,
      ];
    };
    expect(await indexes(vendor)).toEqual([[2n, 3n], [2n, 3n], { from: 0n, through: 3n }]);
    expect(await indexes(customer)).toEqual([[null, null], [null, null], null]);
  });

  test('of a feed without news covers what the log has got since, and else nothing', async () => {
    const ledger = createLog();
    ledger.issue('one');
    await project(models().projector, ledger.log);
    const first = await read(vendor, null);
    expect(first?.covered).toEqual({ from: 0n, through: 1n });
    expect((await read(vendor, first?.through ?? null))?.covered).toEqual({ from: 2n, through: 1n });
    ledger.organization(vendor, 'Vendor');
    await project(models().projector, ledger.log);
    expect((await read(vendor, first?.through ?? null))?.covered).toEqual({ from: 2n, through: 3n });
  });

  test('after an event without an index covers no index that an earlier page covers', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('one');
    ledger.renew(licenseId);
    // An event that the projector can read, and that has no place in the log of its issuer.
    const last = ledger.log.pop();
    if (last === undefined) throw new Error('The license was not renewed.');
    const log = [...ledger.log, { ...last, id: 'no-uuid' }];
    await project(models().projector, log);
    const page = await read(vendor, null);
    expect([page?.events.at(-1)?.logIndex, page?.covered]).toEqual([null, { from: 0n, through: 1n }]);
    expect((await read(vendor, page?.through ?? null))?.covered).toEqual({ from: 2n, through: 1n });
  });

  test('covers no event of a parked stream, and none after it', async () => {
    const ledger = createLog();
    ledger.organization(vendor, 'Vendor');
    ledger.issue('before');
    const licenseId = ledger.issue('sick');
    ledger.issue('after');
    await refuseLicense(models().superuser, licenseId, 1).then(async (mend) => {
      for (const events of ledger.log.map((recorded) => [recorded])) {
        const { position: from } = await readCheckpoint(models().projector, readModels);
        const to = events[0]?.position ?? { commit: 0n, prepare: 0n };
        const needs = { pool: models().projector, projection: readModels, log: quiet, retryMs: 1 };
        expect(await applyOrPark(needs, { from, events, to })).toBe(true);
      }
      await mend();
    });
    const expected = [2n, 3n, 4n];
    for (const order of ['asc', 'desc'] as const) {
      const page = await read(vendor, null, { order });
      expect(page?.events.map(({ logIndex }) => logIndex).toSorted()).toEqual(expected);
      expect(page?.covered).toEqual({ from: 0n, through: 4n });
    }
  });

  test('of a key for some products covers only what its own events show', async () => {
    const ledger = createLog();
    const own = ledger.issue('own', { products: ['cloud_ide'] });
    ledger.issue('other', { products: ['local_cli'] });
    ledger.renew(own);
    ledger.organization(rival, 'Rival');
    ledger.issue('last', { products: ['local_cli'] });
    await project(models().projector, ledger.log);
    const page = await read(vendor, null, { products: ['cloud_ide'] });
    expect(page?.events.map(({ logIndex }) => logIndex)).toEqual([0n, 1n, 4n]);
    expect(page?.covered).toEqual({ from: 0n, through: 4n });
  });
});
