import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/projections/apply.ts';
import { readCheckpoint } from '../../src/projections/checkpoint.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createFeedFollowers, type FeedFollower, type FeedFollowers } from '../../src/projections/feed-followers.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../../src/projections/projected.ts';
import { createLog, customer, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, quiet, readModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let feedPool: ReturnType<typeof createPool>;
let projected: ProjectedWaiter;
let followers: FeedFollowers;
beforeAll(async () => {
  models = await createReadModels();
  feedPool = createPool({ url: models.url, role: 'ledger_api', max: 2, applicationName: 'feed', log: quiet });
  projected = createProjectedWaiter({ url: models.url, log: quiet });
});
afterAll(async () => {
  await projected.stop();
  await feedPool.end();
  await models.drop();
});
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  followers = createFeedFollowers({ pool: feedPool, projected, log: quiet });
});
afterEach(() => followers.stop());

const never = new AbortController().signal;
const longMs = 25_000;
/** Follows a feed, and has heard of the start of the reader. */
const follow = async (organizationId: string) => {
  const follower = followers.follow(organizationId);
  const known = await firstNews(follower);
  return { follower, known, news: () => follower.news(known, { timeoutMs: longMs, signal: never }) };
};
/** The first follower is woken once, when the reader knows where it begins. */
const firstNews = async (follower: FeedFollower) => {
  await follower.news(follower.mark(), { timeoutMs: 1_000, signal: never });
  return follower.mark();
};
/** A log with a license of the vendor that the customer holds. */
const heldByCustomer = () => {
  const ledger = createLog();
  ledger.issue('one', { holderOrgId: customer });
  return ledger.log;
};
const move = async (commit: bigint) => {
  const { position } = await readCheckpoint(models.projector, readModels);
  await applyBatch(models.projector, readModels, { from: position, events: [], to: { commit, prepare: commit } });
};

test('Only followers of the issuer and the holders of an event have news', async () => {
  const [issuer, holder, other] = [await follow(vendor), followers.follow(customer), followers.follow(rival)];
  const [holderKnew, otherKnew] = [holder.mark(), other.mark()];
  await project(models.projector, heldByCustomer());
  await issuer.news();
  expect(issuer.follower.mark()).toBeGreaterThan(issuer.known);
  expect(holder.mark()).toBeGreaterThan(holderKnew);
  expect(other.mark()).toBe(otherKnew);
});

test('News that came before the wait ends it immediately', async () => {
  const { follower, known, news } = await follow(vendor);
  await project(models.projector, heldByCustomer());
  await news();
  await follower.news(known, { timeoutMs: longMs, signal: never });
});

test('A wait ends after its time, when its signal is aborted, and when the process stops', async () => {
  const { follower } = await follow(vendor);
  await follower.news(follower.mark(), { timeoutMs: 5, signal: never });
  const leaving = new AbortController();
  const left = follower.news(follower.mark(), { timeoutMs: longMs, signal: leaving.signal });
  leaving.abort();
  await left;
  const stopped = follower.news(follower.mark(), { timeoutMs: longMs, signal: never });
  await followers.stop();
  await stopped;
});

test('A follower that comes after all others have left has a mark of its own', async () => {
  const { follower } = await follow(vendor);
  const mark = follower.mark();
  follower.close();
  expect(followers.follow(vendor).mark()).toBeGreaterThan(mark);
});

test('The reader loses no news with its connections', async () => {
  const { news } = await follow(vendor);
  await models.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where application_name in ('feed', 'ledger-projected') and datname = current_database()`,
  );
  await project(models.projector, heldByCustomer());
  await news();
});

describe('All followers have news', () => {
  test('after a switch to another version of the read models', async () => {
    const { news } = await follow(rival);
    await models.superuser.query(`
      insert into ops.projection_versions (projection, version, state, shape, is_level)
        select projection, 7, 'building', shape, true from ops.projection_versions;
      insert into ops.checkpoints (projection, version) values ('read-models', 7);
      begin;
      update ops.projection_versions set state = case version when 7 then 'active' else 'previous' end;
      commit`);
    await news();
    await models.superuser.query(`delete from ops.checkpoints where version = 7;
      delete from ops.projection_versions where version = 7; update ops.projection_versions set state = 'active'`);
  });

  test('after the read models went back to an earlier position', async () => {
    await move(500n);
    const { news } = await follow(rival);
    await models.superuser.query('update ops.checkpoints set commit_position = 90, prepare_position = 90');
    await news();
  });
});

test('A repaired event is news for its issuer and its holder, although its position is an earlier one', async () => {
  await models.superuser.query(
    `insert into ops.parked_owners (projection, version, stream, issuer_org_id, holder_org_id, position)
     values ('read-models', 1, 'license-1', $1, $2, 3), ('read-models', 1, 'license-2', $1, null, 5)`,
    [vendor, customer],
  );
  const issuer = await follow(vendor);
  const [holder, other] = [await follow(customer), await follow(rival)];
  const otherKnew = other.follower.mark();
  await models.superuser.query(`delete from ops.parked_owners where stream = 'license-1'`);
  await Promise.all([issuer.news(), holder.news()]);
  expect(other.follower.mark()).toBe(otherKnew);
});

test('The door of the reader shows organizations and positions only, and a stranger sees no row behind it', async () => {
  await project(models.projector, heldByCustomer());
  const { fields, rows } = await models.api.query('select * from rm.feed_activity(-1, 1000)');
  expect(fields.map(({ name }) => name)).toEqual(['serving', 'reached', 'is_cut', 'organizations', 'parked']);
  expect(rows[0].organizations.toSorted()).toEqual([customer, vendor].toSorted());
  expect((await models.api.query('select from rm.license_events')).rowCount).toBe(0);
  expect((await models.api.query('select is_cut from rm.feed_activity(-1, 1)')).rows).toEqual([{ is_cut: true }]);
});
