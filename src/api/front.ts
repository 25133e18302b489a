import { noRateLimiting, type RateLimiting } from './rate-limit/call-limits.ts';

/** How the API meets what is outside: who may send how much, through which proxies, and from pages of which origins. */
export type Front = {
  readonly rateLimiting: RateLimiting;
  /** How many proxies of the operator's are in front, exactly. */
  readonly trustProxy: number;
  /** Web origins whose pages may call. */
  readonly corsOrigins: readonly string[];
};

/** Without limits, proxies and origins: for the management port, tools and tests. */
export const openFront: Front = { rateLimiting: noRateLimiting, trustProxy: 0, corsOrigins: [] };
