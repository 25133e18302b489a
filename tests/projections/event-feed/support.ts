import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { withinProductScope } from '../../../src/postgres/product-scope.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { readFeed } from '../../../src/projections/queries/event-feed.ts';
import type { FeedPlace } from '../../../src/projections/queries/feed-place.ts';
import { feedIn as eventsOf } from '../../support/feed.ts';
import { customer, rival, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels } from '../../support/read-models.ts';

export const tenants = [vendor, rival, customer];

type Options = {
  types?: readonly string[];
  issuer?: string;
  license?: string;
  /** Reads as an API key that is limited to these products. */
  products?: readonly string[];
  limit?: number;
  order?: 'asc' | 'desc';
  readMax?: number;
  bytesMax?: number;
};

/** Creates read models for the tests of a file, which are empty before each test, and readers of their event feeds. */
export const useFeeds = () => {
  let models: Awaited<ReturnType<typeof createReadModels>>;
  beforeAll(async () => {
    models = await createReadModels();
  });
  afterAll(() => models.drop());
  beforeEach(() => emptyReadModels(models.superuser));

  const read = (orgId: string, after: FeedPlace | null, { types, products, limit = 100, ...rest }: Options = {}) =>
    withinProductScope(products ?? null, () =>
      asTenant(models.api, orgId, (db) => readFeed(db, { orgId, after, types: types ?? null, limit, ...rest })),
    );

  /** Reads from a place on until there is no more. */
  const drain = async (orgId: string, from: FeedPlace | null = null, options: Options = {}) => {
    const seen: string[] = [];
    let [after, pages] = [from, 0];
    for (let hasMore = true; hasMore; pages++) {
      const page = await read(orgId, after, options);
      if (page === null) throw new Error('The place is unknown.');
      seen.push(...page.events.map(({ eventId }) => eventId));
      ({ through: after, hasMore } = page);
    }
    return { seen, after, pages };
  };

  return { models: () => models, read, drain };
};

/** Returns the ids of the events of a log that an organization may read. */
export const feedIn = (log: readonly Recorded[], orgId: string, types?: readonly string[]): readonly string[] =>
  eventsOf(log, orgId)
    .filter(({ type }) => types?.includes(type) ?? true)
    .map(({ id }) => id);
