import type { IdempotencyNeeds } from '../../application/attempt.ts';
import { principalOf } from '../../application/caller.ts';
import type { ChangedOrganization, OrganizationRequest } from '../../application/organizations/send-to-organization.ts';
import { isRefusal, type Refusal } from '../../application/refusal.ts';
import { entityTag } from '../conditional.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { type Problem, refused } from '../problems/problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';

/** An operation on the caller's organization, and its input as it is recognized when it is sent again. */
type Operation<Changed> = {
  readonly operation: string;
  readonly input: object;
  readonly change: (request: OrganizationRequest) => Promise<Changed | Refusal>;
};

/** Changes the caller's organization once per Idempotency-Key, and answers with its revision as ETag. */
export const answerOwn = <Changed extends ChangedOrganization<unknown>>(
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input, change }: Operation<Changed>,
  answer: (changed: Changed) => { readonly status: number; readonly body: object; readonly location?: string },
): Promise<Reply | Problem> => {
  const { caller } = call;
  const request = { organizationId: caller.organizationId, principal: principalOf(caller), operation, input };
  return idempotently(needs, call, request, async (attempt) => {
    const changed = await change({ call, attempt, caller });
    if (isRefusal(changed)) return refused(changed);
    const { location, ...reply } = answer(changed);
    const headers = { ...(location === undefined ? {} : { Location: location }), ETag: entityTag(changed.revision) };
    return { ...reply, headers, position: changed.position };
  });
};
