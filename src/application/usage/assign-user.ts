import type { IssuedLicense } from '../../domain/license/license.ts';
import { refuseAssigning } from '../../domain/license/license-authority.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { isUserId, userReferences } from '../../identity/user-reference.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { storeUserName } from '../../records/assigned-user-names.ts';
import { afterAppend } from '../after-append.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** A license with the reference that stands for the assigned user. */
export type AssignedLicense = ChangedLicense<string>;

/**
 * Assigns a license to a user, once, even when the first assignment was under another secret or an earlier holder. Stores
 * the name for the caller's organization, also when the user was assigned before. An id of this server needs no name.
 */
export const assignUser = async (
  needs: CommandNeeds & { readonly secrets: Secrets },
  request: LicenseRequest,
  user: string,
): Promise<AssignedLicense | Refusal> => {
  const changed = await changeLicense(needs, request, {
    power: 'assignUsers',
    guard: refuseAssigning,
    command: (at) => ({
      at,
      compose: (license) => [{ type: 'AssignUser', at, data: { userRef: referenceIn(needs.secrets, license, user) } }],
    }),
    view: (license) => referenceIn(needs.secrets, license, user),
  });
  if (isRefusal(changed) || changed.view === undefined || isUserId(changed.view)) return changed;
  const { organizationId } = request.caller;
  const named = { organizationId, licenseId: request.licenseId, userRef: changed.view };
  await afterAppend(() =>
    asTenant(needs.pool, organizationId, (db) => storeUserName(db, named, { name: user, at: changed.at }), {
      readOnly: false,
    }),
  );
  return changed;
};

/** Returns the reference under which the license has the user, else the one that the user gets. */
export const referenceIn = (secrets: Secrets, { facts, users }: IssuedLicense, user: string): string => {
  const references = userReferences(secrets, facts, user);
  return references.find((reference) => users.has(reference)) ?? references[0] ?? '';
};
