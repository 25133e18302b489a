import type { PermissionName } from '../../domain/permissions.ts';
import { type Authenticate, authorize } from '../authorize.ts';
import { isProblem, type Problem } from '../problems/problems.ts';
import { createCallLimits, noRateLimiting } from '../rate-limit/call-limits.ts';
import type { OrganizationCall } from '../route.ts';

/**
 * Returns why the credential of a long call no longer has the permission, or null while it has it. The check ignores
 * remembered credentials, because their age would add to the age of the call. It does not count as a request.
 */
export const currentRefusal = async (
  authenticate: Authenticate,
  { headers }: OrganizationCall,
  permission: PermissionName,
): Promise<Problem | null> => {
  const afresh: Authenticate = {
    apiKey: (text) => authenticate.apiKey(text, 'afresh'),
    user: (token) => authenticate.user(token, 'afresh'),
  };
  const uncounted = { headers, limits: createCallLimits(noRateLimiting, () => ''), actsFor: nothing, actsAs: nothing };
  const caller = await authorize(afresh, uncounted, permission);
  return isProblem(caller) ? caller : null;
};

const nothing = (): void => undefined;
