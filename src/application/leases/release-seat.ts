import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { eraseReleased } from './erase-released.ts';

/**
 * Releases a seat of a license for an administrator, and erases the name of who sat there. A borrowed seat stays taken
 * until its borrow ends, and keeps its name, unless the policy reclaims it.
 */
export const releaseSeat = async (
  needs: CommandNeeds,
  request: LicenseRequest,
  leaseId: string,
): Promise<ChangedLicense<boolean> | Refusal> => {
  const changed = await changeLicense(needs, request, {
    power: 'releaseSeats',
    command: (at) => ({ type: 'ReleaseLease', at, data: { leaseId, by: 'ADMIN' } }),
    view: ({ withheld }) => withheld.has(leaseId),
  });
  if (isRefusal(changed) || changed.view === true) return changed;
  await eraseReleased(needs.pool, changed.facts, leaseId);
  return changed;
};
