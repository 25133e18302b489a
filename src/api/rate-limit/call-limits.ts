import type { Tier } from '../../domain/license/policy.ts';
import { type Bucket, bucketOfTier } from '../../rate-limits.ts';
import { limitedAs } from '../client-ip.ts';
import type { Problem } from '../problems.ts';
import { noRateLimits, type RateLimiter } from '../rate-limit.ts';
import { rateLimitHeaders, refusalOf, together, unlimited } from './verdict.ts';

/** What requests are counted with. */
export type RateLimiting = {
  readonly limiter: RateLimiter;
  /** The tier that an organization's own credentials are limited by. */
  readonly tierOf: (organizationId: string) => Promise<Tier>;
  /** Of users who act for no organization, each by themselves. */
  readonly defaultTier: Tier;
};

/** For RATE_LIMITS=off, and for what serves nobody but the operator. */
export const noRateLimiting: RateLimiting = {
  limiter: noRateLimits,
  tierOf: async () => 'ENTERPRISE',
  defaultTier: 'ENTERPRISE',
};

/**
 * Counts one request against the limits that turn out to apply to it. Each answers with the refusal when its limit is used
 * up, else null.
 */
export type CallLimits = {
  /** `key` stands in Redis as it is given: hash what is secret or personal. */
  readonly take: (bucket: Bucket, key: string) => Promise<Problem | null>;
  /** By the address of the client: for who is not known otherwise. */
  readonly takeForAddress: (bucket: Bucket) => Promise<Problem | null>;
  /** A credential of the organization's own. */
  readonly takeForOrganization: (organizationId: string) => Promise<Problem | null>;
  /** A user who acts for no organization. */
  readonly takeForUser: (userId: string) => Promise<Problem | null>;
  /** A login succeeded: forgets what `take('login_account', key)` has counted. */
  readonly loggedIn: (key: string) => Promise<void>;
  /** `RateLimit` and `RateLimit-Policy` of everything counted so far but the tries of accounts; empty where nothing limits. */
  readonly headers: () => Readonly<Record<string, string>>;
};

/** The limits of one request that came from `address`. */
export const createCallLimits = ({ limiter, tierOf, defaultTier }: RateLimiting, address: () => string): CallLimits => {
  let verdict = unlimited;
  const take = async (bucket: Bucket, key: string): Promise<Problem | null> => {
    const taken = await limiter.take(bucket, key);
    // How often an account was tried is nobody's business: it would tell whether somebody uses it.
    if (bucket !== 'login_account') verdict = verdict === unlimited ? taken : together([verdict, taken]);
    return taken.refusedBy.length === 0 ? null : refusalOf(taken);
  };
  return {
    take,
    takeForAddress: (bucket) => take(bucket, limitedAs(address())),
    takeForOrganization: async (organizationId) => take(bucketOfTier(await tierOf(organizationId)), organizationId),
    takeForUser: (userId) => take(bucketOfTier(defaultTier), userId),
    loggedIn: limiter.loggedIn,
    headers: () => rateLimitHeaders(verdict),
  };
};
