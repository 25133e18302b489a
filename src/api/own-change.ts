import { principalOf } from '../application/caller.ts';
import type { IdempotencyNeeds } from '../application/idempotent-attempt.ts';
import type { OrganizationRequest } from '../application/organizations/send-to-organization.ts';
import { isRefusal, type Refusal } from '../application/refusal.ts';
import { entityTag } from './http/conditional.ts';
import { idempotently } from './idempotency/idempotency.ts';
import { type Problem, refused } from './problems/problems.ts';
import type { OrganizationCall, Reply } from './route.ts';

/** A change of the caller's organization or of its catalog. */
type OwnChange<Changed> = {
  readonly operation: string;
  /** The input of the request. A repeated request is recognized by it. */
  readonly input: object;
  readonly change: (request: OrganizationRequest) => Promise<Changed | Refusal>;
};

/** The content of the answer. The status is 201 with a location, and otherwise 200. */
type Shown = { readonly status?: number; readonly body: object; readonly location?: string };

/**
 * Changes the caller's organization or its catalog once per Idempotency-Key. Answers with its revision as ETag and with
 * the result of `show`.
 */
export const answerOwnChange = <Changed extends { readonly revision: bigint; readonly position: bigint }>(
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input, change }: OwnChange<Changed>,
  show: (changed: Changed) => Shown,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const request = { organizationId: caller.organizationId, principal: principalOf(caller), operation, input };
  return idempotently(needs, call, request, async (attempt) => {
    const changed = await change({ call, attempt, caller });
    if (isRefusal(changed)) return refused(changed);
    const { location, body, status = location === undefined ? 200 : 201 } = show(changed);
    const place = location === undefined ? {} : { Location: location };
    return { status, body, headers: { ...place, ETag: entityTag(changed.revision) }, position: changed.position };
  });
};
