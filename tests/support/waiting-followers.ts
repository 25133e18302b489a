import type { createPool } from '../../src/projections/connect.ts';
import { createFeedFollowers, type FeedFollowers } from '../../src/projections/feed-followers.ts';
import { quiet } from './read-models.ts';

/** The followers of a product on these parts, and how many of them wait for news. */
export const createWaitingFollowers = (
  pool: ReturnType<typeof createPool>,
  projected: Parameters<typeof createFeedFollowers>[0]['projected'],
): FeedFollowers & { readonly waiting: () => number } => {
  const followers = createFeedFollowers({ pool, projected, log: quiet });
  let waiting = 0;
  return {
    ...followers,
    waiting: () => waiting,
    follow: (organizationId) => {
      const follower = followers.follow(organizationId);
      const news: typeof follower.news = async (mark, options) => {
        waiting += 1;
        await follower.news(mark, options);
        waiting -= 1;
      };
      return { ...follower, news };
    },
  };
};
