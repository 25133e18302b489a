import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { entitlementPattern, entitlementsMax, hasSameName, isEnded, isSameEntitlement } from './entitlement.ts';

/** Grants or withholds a feature, or changes what its source says of it. */
export const grantEntitlement = (
  { data, at }: CommandOf<'GrantEntitlement'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const refusal = refuseEntitlement(data, at);
  if (refusal !== null) return refusal;
  const current = facts.entitlements.find((entitlement) => hasSameName(entitlement, data));
  if (current !== undefined && isSameEntitlement(current, data)) return [];
  const grants = facts.entitlements.filter(({ source }) => source === 'grant').length;
  if (current === undefined && data.source === 'grant' && grants >= entitlementsMax.ofLicense)
    return reject(
      'QUOTA_EXCEEDED',
      `License ${facts.licenseId} has ${grants} granted entitlements, and at most ${entitlementsMax.ofLicense} are possible. Revoke one that has ended or is not needed first.`,
    );
  return [{ type: 'EntitlementGranted', data }];
};

const refuseEntitlement = (data: CommandOf<'GrantEntitlement'>['data'], at: string) => {
  const { code, value, limit, until, source, withheld } = data;
  if (!entitlementPattern.test(code))
    return reject<LicenseRejection>('INVALID_REQUEST', `${JSON.stringify(code)} is not the code of a feature.`);
  if (withheld === true && (value !== null || limit !== null || source !== 'grant'))
    return reject<LicenseRejection>(
      'INVALID_REQUEST',
      `A grant that withholds ${code} takes no value and no limit. Leave them out.`,
    );
  if (limit !== null && (!Number.isSafeInteger(limit) || limit < 0))
    return reject<LicenseRejection>(
      'LIMIT_INVALID',
      `The limit of ${code} must be a whole number, 0 or more, not ${limit}.`,
    );
  return until !== null && until <= at
    ? reject<LicenseRejection>('TERM_INVALID', `${code} would have ended already at ${until}.`)
    : null;
};

/**
 * Takes back what the license itself grants or withholds of a feature. What its policy grants of it stays. Refuses to take
 * back what the policy alone grants, because a later version or tier would grant it again.
 */
export const revokeEntitlement = (
  { data, at }: CommandOf<'RevokeEntitlement'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const { code, source } = data;
  const all = facts.entitlements.filter((entitlement) => entitlement.code === code);
  if (source === 'grant' && all.some((entitlement) => hasSameName(entitlement, data)))
    return [{ type: 'EntitlementRevoked', data: { code, source } }];
  const isOfPolicy = all.some((entitlement) => entitlement.source !== 'grant' && !isEnded(entitlement, at));
  return isOfPolicy
    ? reject(
        'ENTITLEMENT_FROM_POLICY',
        `The policy of license ${facts.licenseId} grants ${code}, so there is no grant to revoke. Withhold it instead: {"grant":{"code":"${code}","withheld":true}}.`,
      )
    : [];
};
