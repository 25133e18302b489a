import type { Caller } from '../../application/caller.ts';
import { createFairGate } from '../../async/fair-gate.ts';
import { productsOf } from '../../domain/authority.ts';
import type { PermissionName } from '../../domain/permissions.ts';
import { type Authenticate, authorize } from '../authorize.ts';
import { isProblem, type Problem, problem } from '../problems/problems.ts';
import { createCallLimits, noRateLimiting } from '../rate-limit/call-limits.ts';
import type { OrganizationCall } from '../route.ts';

/**
 * Returns why the credential of a long call no longer has the permission, or null while it has it. The check ignores
 * remembered credentials, because their age would add to the age of the call. It does not count as a request.
 */
export type CurrentRefusal = (call: Checked, permission: PermissionName) => Promise<Problem | null>;

type Checked = Pick<OrganizationCall, 'headers' | 'caller'>;

/** The most checks of a process at a time. The others leave connections to requests. */
const checksMax = 4;

/**
 * Returns the check of credentials of long calls. One check of a credential runs at a time. Calls that come meanwhile
 * share the next one. Organizations take turns.
 */
export const createCurrentRefusal = (authenticate: Authenticate): CurrentRefusal => {
  const afresh: Authenticate = {
    apiKey: (text) => authenticate.apiKey(text, 'afresh'),
    user: (token) => authenticate.user(token, 'afresh'),
  };
  const gate = createFairGate(checksMax);
  // `next` has not begun, so a caller that comes now may share it.
  const checks = new Map<string, { running: Promise<unknown>; next: Promise<Caller | Problem> | null }>();

  const current = ({ headers, caller: { organizationId } }: Checked, permission: PermissionName) => {
    const key = `${permission} ${headers.authorization}`;
    const check = checks.get(key) ?? { running: Promise.resolve(), next: null };
    checks.set(key, check);
    if (check.next !== null) return check.next;
    const next = check.running.then(() =>
      gate(organizationId, () => {
        check.next = null;
        return callerNow(afresh, headers, permission);
      }),
    );
    check.next = next;
    const running = next
      .catch(() => null)
      .then(() => {
        if (check.running === running) checks.delete(key);
      });
    check.running = running;
    return next;
  };
  return async (call, permission) => {
    const now = await current(call, permission);
    if (isProblem(now)) return now;
    return String(productsOf(now)) === String(productsOf(call.caller)) ? null : otherProducts;
  };
};

// What the call has begun to answer may be about products that the key no longer reaches.
const otherProducts = problem('FORBIDDEN', 'The products of this API key have changed. Send the request again.');

const callerNow = async (
  authenticate: Authenticate,
  headers: Checked['headers'],
  permission: PermissionName,
): Promise<Caller | Problem> => {
  const uncounted = { headers, limits: createCallLimits(noRateLimiting, ''), actsFor: nothing, actsAs: nothing };
  return authorize(authenticate, uncounted, permission);
};

const nothing = (): void => undefined;
