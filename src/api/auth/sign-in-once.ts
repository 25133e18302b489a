import { z } from 'zod';
import type { Attempt } from '../../application/idempotent-attempt.ts';
import { type ChangeRequest, idempotently } from '../idempotency/idempotency.ts';
import { isProblem, type Problem } from '../problems/problems.ts';
import type { Call, Reply } from '../route.ts';
import type { AuthNeeds } from './auth-needs.ts';

/**
 * Signs a user in once for each Idempotency-Key. The log line names the user and the organization, also when a repeated
 * request gets the stored tokens.
 */
export const signInOnce = async (
  needs: AuthNeeds,
  call: Call,
  request: ChangeRequest,
  work: (attempt: Attempt) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const answer = await idempotently(needs, call, request, work);
  if (isProblem(answer)) return answer;
  const { user, organization } = whoIsSignedIn.parse(answer.body);
  call.actsAs(user.id);
  if (organization !== null) call.actsFor(organization.id);
  return answer;
};

const whoIsSignedIn = z.object({
  user: z.object({ id: z.string() }),
  organization: z.object({ id: z.string() }).nullable(),
});
