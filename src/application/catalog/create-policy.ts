import { contentOfTier, type PolicyChange } from '../../domain/catalog/policy-changes.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import type { Refusal } from '../refusal.ts';
import type { CatalogCommandNeeds, CatalogRequest } from './change-catalog.ts';
import { type ChangedPolicy, sendPolicyCommand } from './policy-command.ts';

/** A new policy. Absent rules are those of the built-in policy of its tier. */
export type NewPolicy = PolicyChange & { readonly tier: Tier; readonly name: string };

/** Adds a policy to the caller's catalog, as version 1. */
export const createPolicy = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policy: NewPolicy,
): Promise<ChangedPolicy | Refusal> => {
  const policyId = encodeId('pol', aggregateId(request.attempt.commandId, 'policy'));
  const content = contentOfTier(policy.tier, policy.name, policy);
  return sendPolicyCommand(needs, request, policyId, (catalog, at) =>
    catalog.kind === 'unopened' ? noProduct : { type: 'CreatePolicy', at, data: { policyId, content } },
  );
};

const noProduct = reject(
  'INVALID_REQUEST',
  'There is no product yet. Add a product first, with POST /v1/products.',
  'products',
);
