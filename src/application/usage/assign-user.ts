import type { IssuedLicense } from '../../domain/license/license.ts';
import { refuseAssigning } from '../../domain/license/license-authority.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** A license with the reference that stands for the assigned user. */
export type AssignedLicense = ChangedLicense<string>;

/** Assigns a license to a user, once, even when the first assignment was under another secret or an earlier holder. */
export const assignUser = (
  needs: CommandNeeds & { readonly secrets: Secrets },
  request: LicenseRequest,
  user: string,
): Promise<AssignedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'assignUsers',
    guard: refuseAssigning,
    command: (at) => ({
      at,
      compose: (license) => [{ type: 'AssignUser', at, data: { userRef: referenceIn(needs.secrets, license, user) } }],
    }),
    view: (license) => referenceIn(needs.secrets, license, user),
  });

/** Returns the reference under which the license has the user, else the one that the user gets. */
const referenceIn = (secrets: Secrets, { facts, users }: IssuedLicense, user: string): string => {
  const references = userReferences(secrets, facts, user);
  return references.find((reference) => users.has(reference)) ?? references[0] ?? '';
};
