import { contentAfter, type PolicyChange } from '../../domain/catalog/policy-changes.ts';
import type { Refusal } from '../refusal.ts';
import type { CatalogCommandNeeds, CatalogRequest } from './change-catalog.ts';
import { type ChangedPolicy, noSuchPolicy, policyIn, sendPolicyCommand } from './policy-command.ts';

/** Adds a version to a policy. Licenses keep the version that they were issued under. */
export const addPolicyVersion = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
  change: PolicyChange,
): Promise<ChangedPolicy | Refusal> =>
  sendPolicyCommand(needs, request, policyId, (catalog, at) => {
    const last = policyIn(catalog, policyId)?.versions.at(-1);
    if (last === undefined) return noSuchPolicy;
    return { type: 'AddPolicyVersion', at, data: { policyId, content: contentAfter(last, change) } };
  });
