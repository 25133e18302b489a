import { type Authenticate, authorize } from '../authorize.ts';
import type { PermissionName } from '../permissions.ts';
import { isProblem, type Problem } from '../problems/problems.ts';
import { createCallLimits, noRateLimiting } from '../rate-limit/call-limits.ts';
import type { OrganizationCall } from '../route.ts';

/**
 * Why the credential of a call that has gone on for a while may not have the permission any more; null where it still
 * has it. What is remembered of the credential does not count: that and the waiting would add up. Nor does it count as
 * a request.
 */
export const refusalByNow = async (
  authenticate: Authenticate,
  { headers }: OrganizationCall,
  permission: PermissionName,
): Promise<Problem | null> => {
  const afresh: Authenticate = {
    apiKey: (text) => authenticate.apiKey(text, 'afresh'),
    user: (token) => authenticate.user(token, 'afresh'),
  };
  const uncounted = { headers, limits: createCallLimits(noRateLimiting, () => ''), actsFor: () => undefined };
  const caller = await authorize(afresh, uncounted, permission);
  return isProblem(caller) ? caller : null;
};
