import { isPermitted } from '../../../domain/authority.ts';
import { type LicensePower, licensePermissions, refuseSuspending } from '../../../domain/license/license-authority.ts';
import type { SuspensionReason } from '../../../domain/license/suspension/suspension-events.ts';
import { useOrganization } from '../../session/own-organizations.ts';
import type { License } from '../../types.ts';

/**
 * Returns what tells whether the user may do something with a license. The server decides again at each request; this
 * only keeps away what it would refuse.
 */
export const usePowers = (license: License): ((power: LicensePower) => boolean) => {
  const organization = useOrganization();
  if (organization === null || organization.closedAt !== null) return () => false;
  const side = license.issuerOrganizationId === organization.id ? 'own' : 'holder';
  return (power) => isPermitted({ kind: 'user', role: organization.role }, licensePermissions[power], side);
};

/** Returns the reasons for which the role of the user may suspend, among `reasons`. */
export const useReasons = (reasons: readonly SuspensionReason[]): readonly SuspensionReason[] => {
  const organization = useOrganization();
  if (organization === null) return [];
  const credential = { kind: 'user', role: organization.role } as const;
  return reasons.filter((reason) => refuseSuspending(credential, reason) === null);
};
