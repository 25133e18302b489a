import type { IssuerDecision } from '../../domain/organization/organization.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { issuerName } from '../../projections/tables/issuer-decisions.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from '../organizations/send-to-organization.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** A decision of the caller's organization about an issuer. `view` null: there is no decision. */
export type DecidedIssuer = ChangedOrganization<IssuerDecision | null> & {
  readonly decidedOrgId: string;
  readonly name: string | null;
};

/**
 * Trusts or blocks an issuer for the caller's organization, or forgets the decision. The answer does not tell whether the
 * other organization exists.
 */
export const decideIssuer = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  decidedOrgId: string,
  type: 'TrustIssuer' | 'BlockIssuer' | 'ForgetIssuer',
): Promise<DecidedIssuer | Refusal> => {
  const { organizationId } = request.caller;
  const decided = await sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type, data: { issuerOrgId: decidedOrgId } }],
    view: ({ issuers }) => issuers.get(decidedOrgId) ?? null,
  });
  if (isRefusal(decided)) return decided;
  const name = await asTenant(needs.pool, organizationId, (db) => issuerName(db, decidedOrgId));
  return { ...decided, decidedOrgId, name };
};
