import type { Refusal } from '../refusal.ts';
import type { CatalogCommandNeeds, CatalogRequest } from './change-catalog.ts';
import { type ChangedPolicy, noSuchPolicy, policyIn, sendPolicyCommand } from './policy-command.ts';

/** Archives a policy. No license is issued under it any longer, and existing licenses keep it. */
export const archivePolicy = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
): Promise<ChangedPolicy | Refusal> =>
  sendPolicyCommand(needs, request, policyId, (catalog, at) =>
    policyIn(catalog, policyId) === undefined ? noSuchPolicy : { type: 'ArchivePolicy', at, data: { policyId } },
  );
