import { type Admission, noAdmission } from './admission/admission.ts';
import { noRateLimiting, type RateLimiting } from './rate-limit/call-limits.ts';

/** The settings for clients: rate limits, shares of tenants, trusted proxies, and the web origins that may call. */
export type Front = {
  readonly rateLimiting: RateLimiting;
  /** Bounds the part of the process that one tenant takes. */
  readonly admission: Admission;
  /** The exact number of proxies of the operator in front of the server. */
  readonly trustProxy: number;
  /** The web origins of pages that may call. */
  readonly corsOrigins: readonly string[];
};

/** A front without limits, shares, proxies and origins, for the management port, tools and tests. */
export const openFront: Front = {
  rateLimiting: noRateLimiting,
  admission: noAdmission,
  trustProxy: 0,
  corsOrigins: [],
};
