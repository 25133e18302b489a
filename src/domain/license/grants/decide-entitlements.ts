import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { Activation, IssuedLicense, Lease } from '../license.ts';
import { capacity } from '../usage/usage-limits.ts';
import { entitlementPattern, hasSameName, isSameEntitlement } from './entitlement.ts';

/** Assigns the license to a user, once, while the limit and its overage have room. */
export const assignUser = ({ data }: CommandOf<'AssignUser'>, license: IssuedLicense): LicenseDecision => {
  const { facts, users } = license;
  const limit = facts.limits.users;
  if (users.has(data.userRef)) return [];
  if (users.size >= capacity(limit, facts.policy.overage))
    return reject(
      'USER_LIMIT_EXCEEDED',
      `License ${facts.licenseId} is assigned to ${users.size} of ${limit} users; unassign one first.`,
    );
  const { userRef } = data;
  return [{ type: 'UserAssigned', data: { userRef, countAfter: users.size + 1, limit, overage: users.size >= limit } }];
};

/** Takes a user off the license; again, or of one who never had it, it changes nothing. */
export const unassignUser = ({ data }: CommandOf<'UnassignUser'>, { users }: IssuedLicense): LicenseDecision =>
  users.has(data.userRef) ? [{ type: 'UserUnassigned', data: { ...data, countAfter: users.size - 1 } }] : [];

/** Grants a feature, or changes what its source grants of it. */
export const grantEntitlement = (
  { data, at }: CommandOf<'GrantEntitlement'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const { code, limit, until } = data;
  if (!entitlementPattern.test(code))
    return reject('INVALID_REQUEST', `${JSON.stringify(code)} is not the code of a feature.`);
  if (limit !== null && (!Number.isSafeInteger(limit) || limit < 0))
    return reject('LIMIT_INVALID', `The limit of ${code} must be a whole number, 0 or more, not ${limit}.`);
  if (until !== null && until <= at) return reject('TERM_INVALID', `${code} would have ended already at ${until}.`);
  const granted = facts.entitlements.find((each) => hasSameName(each, data));
  return granted !== undefined && isSameEntitlement(granted, data) ? [] : [{ type: 'EntitlementGranted', data }];
};

/** Takes back what one source grants of a feature; what others grant of it stays. */
export const revokeEntitlement = (
  { data }: CommandOf<'RevokeEntitlement'>,
  { facts }: IssuedLicense,
): LicenseDecision =>
  facts.entitlements.some((each) => hasSameName(each, data)) ? [{ type: 'EntitlementRevoked', data }] : [];

/** Adds a product. That the issuer has it, the caller has made sure of. */
export const addProduct = ({ data }: CommandOf<'AddProduct'>, { facts }: IssuedLicense): LicenseDecision =>
  facts.products.includes(data.product) ? [] : [{ type: 'ProductAdded', data }];

/** Drops a product, with the activations and leases that were made for it. */
export const removeProduct = ({ data, at }: CommandOf<'RemoveProduct'>, license: IssuedLicense): LicenseDecision => {
  if (!license.facts.products.includes(data.product)) return [];
  const draft = draftOf(license, at);
  dropProduct(draft, data.product);
  return draft.decided();
};

/** Drops a product as part of a larger change. */
export const dropProduct = ({ license, at, add }: Draft, product: string): void => {
  const countOf = (open: Iterable<Activation | Lease>) => {
    let count = 0;
    for (const each of open) if (each.product === product) count += 1;
    return count;
  };
  const { activations, leases } = license;
  const meant = { activations: countOf(activations.values()), leases: countOf(leases.values()), users: 0 };
  add({ type: 'ProductRemoved', data: { product, ...endsOf(license, 'PRODUCT', meant, at) } });
};
