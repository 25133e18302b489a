import type { Tier } from '../../domain/license/policy.ts';
import { type Bucket, bucketOfTier, type KeyBucket, type LicenseSize } from '../../rate-limits.ts';
import { limitedAs, placeOf } from '../http/client-ip.ts';
import type { Problem } from '../problems/problems.ts';
import { createPasswordTries, type PasswordTries, type PasswordTry } from './password-tries.ts';
import { noRateLimits, type RateLimiter } from './rate-limiter.ts';
import { rateLimitHeaders, refusalOf, together, unlimited } from './verdict.ts';

/** Counts requests, by the tier of their organization. */
export type RateLimiting = {
  readonly limiter: RateLimiter;
  /** Returns the tier that limits the credentials of an organization. */
  readonly tierOf: (organizationId: string) => Promise<Tier>;
  /** The tier that limits each user who acts for no organization. */
  readonly defaultTier: Tier;
};

/** Allows everything, for RATE_LIMITS=off and for servers that only the operator reaches. */
export const noRateLimiting: RateLimiting = {
  limiter: noRateLimits,
  tierOf: async () => 'ENTERPRISE',
  defaultTier: 'ENTERPRISE',
};

/**
 * Counts one request against the limits that apply to it. Each function returns the refusal when its limit is used up,
 * else null.
 */
export type CallLimits = PasswordTries & {
  /** Redis stores `key` as it is. Hash secret and personal values first. */
  readonly take: (bucket: Bucket, key: string) => Promise<Problem | null>;
  /** Takes a counted request back. */
  readonly takeBack: (bucket: Bucket, key: string) => Promise<void>;
  /**
   * Counts `units` uses of a license key, one by default, by the size of its license. The key is stored as `take`
   * stores it.
   */
  readonly takeForKey: (bucket: KeyBucket, key: string, size: LicenseSize, units?: number) => Promise<Problem | null>;
  /** Returns the size of the license of a key when it was read a few seconds ago. */
  readonly sizeOf: (key: string) => LicenseSize | undefined;
  /** Notes the size of the license of a key for the next few seconds. */
  readonly noteSize: (key: string, size: LicenseSize) => void;
  /** Counts by the address of the client, for callers who are not known otherwise. */
  readonly takeForAddress: (bucket: Bucket) => Promise<Problem | null>;
  /** Counts a request of a credential of the organization. */
  readonly takeForOrganization: (organizationId: string) => Promise<Problem | null>;
  /** Counts a request of a user who acts for no organization. */
  readonly takeForUser: (userId: string) => Promise<Problem | null>;
  /**
   * Returns `RateLimit` and `RateLimit-Policy` of all limits counted so far, without the tries of passwords. Returns an
   * empty object when nothing limits.
   */
  readonly headers: () => Readonly<Record<string, string>>;
};

/** The limits that the headers do not show: others may have asked for the same address. */
const ofOthers: ReadonlySet<Bucket> = new Set(['reset_account', 'invite_address']);

/** Returns the limits of one request from `address`. */
export const createCallLimits = (limiting: RateLimiting, address: string): CallLimits =>
  new RequestLimits(limiting, address);

// A class, because a dozen functions for each request would take a part of the time of a validation.
class RequestLimits implements CallLimits {
  readonly #limiting: RateLimiting;
  readonly #address: string;
  #verdict = unlimited;

  constructor(limiting: RateLimiting, address: string) {
    this.#limiting = limiting;
    this.#address = address;
  }

  take(bucket: Bucket, key: string): Promise<Problem | null> {
    return this.#count(bucket, key);
  }

  takeBack(bucket: Bucket, key: string): Promise<void> {
    return this.#limiting.limiter.takeBack(bucket, key);
  }

  takeForKey(bucket: KeyBucket, key: string, size: LicenseSize, units = 1): Promise<Problem | null> {
    return this.#count(bucket, key, size, units);
  }

  sizeOf(key: string): LicenseSize | undefined {
    return this.#limiting.limiter.sizeOf(key);
  }

  noteSize(key: string, size: LicenseSize): void {
    this.#limiting.limiter.noteSize(key, size);
  }

  takeForAddress(bucket: Bucket): Promise<Problem | null> {
    return this.#count(bucket, limitedAs(this.#address));
  }

  async takeForOrganization(organizationId: string): Promise<Problem | null> {
    return this.#count(bucketOfTier(await this.#limiting.tierOf(organizationId)), organizationId);
  }

  takeForUser(userId: string): Promise<Problem | null> {
    return this.#count(bucketOfTier(this.#limiting.defaultTier), userId);
  }

  takeTry(attempt: PasswordTry): Promise<Problem | null> {
    return this.#tries().takeTry(attempt);
  }

  takeBackTry(attempt: PasswordTry): Promise<void> {
    return this.#tries().takeBackTry(attempt);
  }

  reopenAccount(account: string): Promise<void> {
    return this.#tries().reopenAccount(account);
  }

  headers(): Readonly<Record<string, string>> {
    return rateLimitHeaders(this.#verdict);
  }

  #tries(): PasswordTries {
    return createPasswordTries(this.#limiting.limiter, placeOf(this.#address));
  }

  async #count(bucket: Bucket, key: string, size?: LicenseSize, units = 1): Promise<Problem | null> {
    const taken = await this.#limiting.limiter.take(bucket, key, size, units);
    if (!ofOthers.has(bucket)) this.#verdict = this.#verdict === unlimited ? taken : together([this.#verdict, taken]);
    return taken.refusedBy.length === 0 ? null : refusalOf(taken, units);
  }
}
