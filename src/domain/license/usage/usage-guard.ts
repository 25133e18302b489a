import { reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { isExpired, isNotYetValid, isSuspended } from '../status.ts';

/**
 * The one guard of whatever hands out use of a license: refused unless it may be used at `at` for `product`. `begins`: the
 * use is what the license starts with.
 */
export const refuseUse = (facts: LicenseFacts, product: string | null, at: Instant, begins = false) => {
  const { licenseId, term, products } = facts;
  if (isSuspended(facts, at)) return refuse('LICENSE_SUSPENDED', `License ${licenseId} is suspended.`);
  if (isExpired(facts, at)) return refuse('LICENSE_EXPIRED', `License ${licenseId} expired at ${term.expiresAt}.`);
  if (!begins && isNotYetValid(facts, at))
    return refuse('LICENSE_NOT_STARTED', `License ${licenseId} starts ${startOf(facts)}.`);
  if (product !== null && !products.includes(product))
    return refuse('PRODUCT_NOT_LICENSED', `License ${licenseId} does not cover ${product}.`);
  return null;
};

/** The guard of use that is for a person: refused unless the license has the user assigned, if one is named. */
export const refuseUser = ({ facts, users }: IssuedLicense, userRef: string | null) =>
  userRef === null || users.has(userRef)
    ? null
    : refuse('USER_NOT_ASSIGNED', `License ${facts.licenseId} is not assigned to this user.`);

const startOf = ({ term, awaited }: LicenseFacts): string =>
  term.startsAt === null ? `with its ${awaited?.trigger}` : `at ${term.startsAt}`;

const refuse = (code: LicenseRejection, detail: string) => reject<LicenseRejection>(code, detail);
