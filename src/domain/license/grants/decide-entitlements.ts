import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { entitlementPattern, hasSameName, isSameEntitlement } from './entitlement.ts';

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
  const current = facts.entitlements.find((entitlement) => hasSameName(entitlement, data));
  return current !== undefined && isSameEntitlement(current, data) ? [] : [{ type: 'EntitlementGranted', data }];
};

/** Takes back what one source grants of a feature. What other sources grant of it stays. */
export const revokeEntitlement = (
  { data }: CommandOf<'RevokeEntitlement'>,
  { facts }: IssuedLicense,
): LicenseDecision =>
  facts.entitlements.some((entitlement) => hasSameName(entitlement, data))
    ? [{ type: 'EntitlementRevoked', data }]
    : [];
