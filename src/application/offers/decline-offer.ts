import { licenseAggregate, organizationAggregate } from '../../aggregates/aggregates.ts';
import type { License } from '../../domain/license/license.ts';
import { noSuchOffer } from '../../domain/license/transfer/decide-offers.ts';
import { standingFor } from '../../domain/organization/organization-authority.ts';
import { actingOf, actorOf } from '../caller.ts';
import { sendLicenseCommand } from '../licenses/send-license-command.ts';
import {
  created,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
} from '../organizations/send-to-organization.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** The result of declining an offer. `changed` false: it was declined before. */
export type DeclinedOffer = { readonly changed: boolean; readonly revision: bigint; readonly position: bigint };

/** Declines the offer of a license for the caller's organization. The issuer sees it, and may offer again. */
export const declineOffer = async (
  needs: OrganizationCommandNeeds,
  { call, attempt, caller }: OrganizationRequest,
  licenseId: string,
): Promise<DeclinedOffer | Refusal> => {
  const { organizationId: holderOrgId } = caller;
  const at = needs.now();
  const standing = await needs.executor.read(organizationAggregate, holderOrgId, (organization) =>
    standingFor(created(organization), actingOf(caller), 'DECIDE_ISSUERS', at),
  );
  if (isRefusal(standing)) return standing;
  const issuerOrgId = await needs.executor.read(licenseAggregate, licenseId, (license) =>
    issuerOf(license, holderOrgId),
  );
  if (issuerOrgId === null) return noSuchOffer;
  const sent = await sendLicenseCommand(
    needs,
    {
      ...{ call, attempt, actor: actorOf(caller), issuerOrgId, licenseId, reason: null, values: [] },
      // The organization's own stream has decided that the caller may decline.
      ...{ by: { kind: 'system' }, power: 'endLicenses' },
      command: { type: 'DeclineOffer', at, data: { holderOrgId } },
    },
    () => null,
  );
  if (isRefusal(sent)) return sent;
  return { changed: sent.outcome !== 'unchanged', revision: sent.revision, position: sent.position.commit };
};

const issuerOf = (license: License, holderOrgId: string): string | null =>
  license.kind !== 'unissued' && license.facts.offer?.toHolderOrgId === holderOrgId ? license.facts.issuerOrgId : null;
