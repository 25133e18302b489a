import type { Pool } from 'pg';
import { principalOf } from '../../application/caller.ts';
import type { CatalogCommandNeeds, CatalogRequest, ChangedCatalog } from '../../application/catalog/change-catalog.ts';
import { isRefusal, type Refusal } from '../../application/refusal.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { entityTag } from '../conditional.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { type Problem, refused } from '../problems/problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';

export type CatalogNeeds = CatalogCommandNeeds & { readonly pool: Pool; readonly secrets: Secrets };

/** An operation on the caller's catalog, and its input as it is recognized when it is sent again. */
type Operation<Changed> = {
  readonly operation: string;
  readonly input: object;
  readonly change: (request: CatalogRequest) => Promise<Changed | Refusal>;
};

/**
 * Changes the caller's catalog once per Idempotency-Key, and answers with its revision as ETag: 201 with the location
 * of what is new, else 200.
 */
export const answerCatalog = <Changed extends ChangedCatalog<unknown>>(
  needs: CatalogNeeds,
  call: OrganizationCall,
  { operation, input, change }: Operation<Changed>,
  answer: (changed: Changed) => { readonly body: object; readonly location?: string },
): Promise<Reply | Problem> => {
  const { caller } = call;
  const request = { organizationId: caller.organizationId, principal: principalOf(caller), operation, input };
  return idempotently(needs, call, request, async (attempt) => {
    const changed = await change({ call, attempt, caller });
    if (isRefusal(changed)) return refused(changed);
    const { body, location } = answer(changed);
    return {
      status: location === undefined ? 200 : 201,
      body,
      headers: { ...(location === undefined ? {} : { Location: location }), ETag: entityTag(changed.revision) },
      position: changed.position,
    };
  });
};
