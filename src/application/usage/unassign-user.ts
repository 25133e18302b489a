import type { IssuedLicense } from '../../domain/license/license.ts';
import { refuseAssigning } from '../../domain/license/license-authority.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseUserName } from '../../records/assigned-user-names.ts';
import { afterAppend } from '../after-append.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { referenceIn } from './assign-user.ts';

/** Unassigns a user from a license, by the reference that `assignUser` has returned, and erases the user's name. */
export const unassignUser = (
  needs: CommandNeeds,
  request: LicenseRequest,
  userRef: string,
): Promise<ChangedLicense | Refusal> => unassign(needs, request, () => userRef);

/** Unassigns a user from a license, by the name that the user was assigned under, and erases that name. */
export const unassignUserByName = (
  needs: CommandNeeds & { readonly secrets: Secrets },
  request: LicenseRequest,
  user: string,
): Promise<ChangedLicense | Refusal> =>
  unassign(needs, request, (license) => referenceIn(needs.secrets, license, user));

const unassign = async (
  needs: CommandNeeds,
  request: LicenseRequest,
  refIn: (license: IssuedLicense) => string,
): Promise<ChangedLicense | Refusal> => {
  let userRef = '';
  const changed = await changeLicense(needs, request, {
    power: 'assignUsers',
    guard: refuseAssigning,
    command: (at) => ({
      at,
      compose: (license) => {
        userRef = refIn(license);
        return [{ type: 'UnassignUser', at, data: { userRef, cause: 'ADMIN' } }];
      },
    }),
    view: refIn,
  });
  if (isRefusal(changed)) return changed;
  const { licenseId, issuerOrgId } = changed.facts;
  const erased = { licenseId, userRef: userRef || (changed.view ?? '') };
  // The issuer may have assigned the user before the license got a holder.
  for (const organizationId of new Set([request.caller.organizationId, issuerOrgId])) {
    const named = { organizationId, ...erased };
    await afterAppend(() =>
      asTenant(needs.pool, organizationId, (db) => eraseUserName(db, named), { readOnly: false }),
    );
  }
  return changed;
};
