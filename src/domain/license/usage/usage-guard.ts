import { reject } from '../../decider.ts';
import { listedNames } from '../../listed-names.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { isNotYetValid, isSuspended, isUseOver } from '../status.ts';
import { isReleaseEntitled, releasesUntil } from '../validation/app-versions.ts';

/**
 * Refuses to use a license that is suspended, not started, or expired unless its policy lets its use go on, or that does
 * not cover the product (null: any). Every command that hands out use asks this guard.
 */
export const refuseUse = (facts: LicenseFacts, product: string | null, at: Instant) => {
  const { licenseId, term, products } = facts;
  if (isSuspended(facts, at)) return refuse('LICENSE_SUSPENDED', `License ${licenseId} is suspended.`);
  if (isUseOver(facts, at)) return refuse('LICENSE_EXPIRED', `License ${licenseId} expired at ${term.expiresAt}.`);
  if (isNotYetValid(facts, at)) return refuse('LICENSE_NOT_STARTED', `License ${licenseId} starts ${startOf(facts)}.`);
  if (product !== null && !products.includes(product))
    return refuse('PRODUCT_NOT_LICENSED', notCovered(licenseId, product, products));
  return null;
};

/**
 * Refuses use for a user that the license is not assigned to; null in `userRef`: the use is for nobody in particular.
 */
export const refuseUser = ({ facts, users }: IssuedLicense, userRef: string | null) =>
  userRef === null || users.has(userRef)
    ? null
    : refuse('USER_NOT_ASSIGNED', `License ${facts.licenseId} is not assigned to this user.`);

/** Refuses a version that was released after the maintenance ended; null: nobody knows when it was released. */
export const refuseLateRelease = (facts: LicenseFacts, releasedAt: Instant | null) =>
  isReleaseEntitled(facts, releasedAt)
    ? null
    : refuse(
        'VERSION_NOT_ENTITLED',
        `License ${facts.licenseId} covers versions that were released before ${releasesUntil(facts)}. This version was released at ${releasedAt}. Install an older version, or renew the license.`,
      );

/** What a device or a seat is used for; absent or null: the request does not name it. */
export type UsedFor = { readonly environment?: string | null; readonly userRef?: string | null };

/**
 * Refuses a device or a seat for an environment or a user that the license does not allow, or that the policy requires
 * and the request does not name. The codes are those of a validation.
 */
export const refuseUsedFor = (license: IssuedLicense, { environment = null, userRef = null }: UsedFor) => {
  const { licenseId, policy } = license.facts;
  if (environment === null && policy.environmentRequired === true)
    return reject<LicenseRejection>('ENVIRONMENT_SCOPE_REQUIRED', scopes.environment, 'environment');
  if (environment !== null && policy.environment !== undefined && policy.environment !== environment)
    return refuse('ENVIRONMENT_MISMATCH', `License ${licenseId} is for the environment ${policy.environment}.`);
  if (userRef === null && policy.userRequired === true)
    return reject<LicenseRejection>('USER_SCOPE_REQUIRED', scopes.user, 'user');
  return refuseUser(license, userRef);
};

const scopes = {
  environment: 'The policy requires the environment. Send the environment of the application.',
  user: 'The policy requires the user. Send the user who uses the application.',
} as const;

/**
 * Refuses the bearer of the key who names a device or seat without its own fingerprint or holder, when the policy lets
 * each act on its own only. Limit errors show the ids to everybody with the key. `proof` leads to the missing member.
 */
export const refuseUnproven = ({ policy }: LicenseFacts, byKey: boolean | undefined, proof: keyof typeof proofs) =>
  byKey === true && policy.deactivateByKey === 'OWN'
    ? reject<LicenseRejection>('FORBIDDEN', proofs[proof], ...proof.split('/'))
    : null;

const ownDevice =
  'The policy lets a client that has only the license key release only its own device. Send the fingerprint that the device was activated with';

const proofs = {
  fingerprint: `${ownDevice}, or use a credential of an organization.`,
  'release/fingerprint': `${ownDevice} in release, or use a credential of an organization.`,
  leaseHolder:
    "The policy lets a client that has only the license key keep or release only its own seat. Send the seat's leaseHolder, or use a credential of an organization.",
} as const;

const notCovered = (licenseId: string, product: string, products: readonly string[]): string =>
  `License ${licenseId} does not cover ${product}. Its products: ${listedNames(products, 'none')}.`;

const startOf = ({ term, awaited }: LicenseFacts): string =>
  term.startsAt === null ? `with its ${firstUse[awaited?.trigger ?? 'FIRST_VALIDATION']}` : `at ${term.startsAt}`;

const firstUse = {
  FIRST_ACTIVATION: 'first activation or seat',
  FIRST_VALIDATION: 'first validation, activation, seat or usage',
} as const;

const refuse = (code: LicenseRejection, detail: string) => reject<LicenseRejection>(code, detail);
