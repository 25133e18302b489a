import { reject } from '../decider.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { CreatedOrganization } from './organization.ts';
import { standingFor } from './organization-authority.ts';
import { fixedLimits } from './organization-limits.ts';

/**
 * Consents to hold licenses of an issuer. Accepting an offer consents too, and is refused while the issuer is blocked.
 * Changes nothing when the organization has consented.
 */
export const trustIssuer = (
  { data: { issuerOrgId, accepting = false }, by, at }: CommandOf<'TrustIssuer'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'DECIDE_ISSUERS', at);
  if ('rejected' in standing) return standing;
  const decision = organization.issuers.get(issuerOrgId)?.decision;
  if (decision === 'TRUSTED') return [];
  if (decision === 'BLOCKED' && accepting) return noSuchOffer();
  return refuseIssuer(organization, issuerOrgId) ?? [{ type: 'IssuerTrusted', data: { issuerOrgId } }];
};

/** Hides the offers of an issuer. Changes nothing when the issuer is blocked. */
export const blockIssuer = (
  { data: { issuerOrgId }, by, at }: CommandOf<'BlockIssuer'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'DECIDE_ISSUERS', at);
  if ('rejected' in standing) return standing;
  if (organization.issuers.get(issuerOrgId)?.decision === 'BLOCKED') return [];
  return refuseIssuer(organization, issuerOrgId) ?? [{ type: 'IssuerBlocked', data: { issuerOrgId } }];
};

/** Ends the consent to an issuer or its block. Changes nothing when there is neither. */
export const forgetIssuer = (
  { data: { issuerOrgId }, by, at }: CommandOf<'ForgetIssuer'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'DECIDE_ISSUERS', at);
  if ('rejected' in standing) return standing;
  return organization.issuers.has(issuerOrgId) ? [{ type: 'IssuerForgotten', data: { issuerOrgId } }] : [];
};

const refuseIssuer = ({ organizationId, issuers }: CreatedOrganization, issuerOrgId: string) => {
  if (issuerOrgId === organizationId)
    return reject('INVALID_REQUEST', 'An organization holds its own licenses without consent. Name another issuer.');
  if (issuers.has(issuerOrgId) || issuers.size < fixedLimits.issuers) return null;
  return reject(
    'QUOTA_EXCEEDED',
    `An organization decides about at most ${fixedLimits.issuers} issuers. Forget a decision first.`,
  );
};

const noSuchOffer = () => reject('NOT_FOUND', 'There is no such offer, or it has ended.');
