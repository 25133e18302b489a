import { isPermitted } from '../../../domain/authority.ts';
import {
  isAssigner,
  type LicensePower,
  licensePermissions,
  refuseSuspending,
  refuseWithdrawingChange,
} from '../../../domain/license/license-authority.ts';
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

/** Every reason for a suspension. */
export const suspensionReasons = ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'] as const;

/**
 * Returns the reasons for which the role of the user may not lift the suspension of the license, also those of announced
 * suspensions. Empty: the user may reinstate it.
 */
export const useBeyondLifting = ({ suspensions, scheduled }: License): readonly SuspensionReason[] => {
  const own = useReasons(suspensionReasons);
  const reasons = [...suspensions, ...scheduled].flatMap((change) =>
    'reasonCode' in change ? [change.reasonCode] : [],
  );
  return [...new Set(reasons)].filter((reason) => !own.includes(reason));
};

/** Returns what tells whether the user may cancel an announced change. */
export const useMayWithdraw = (license: License): ((change: License['scheduled'][number]) => boolean) => {
  const organization = useOrganization();
  const mayDo = usePowers(license);
  if (organization === null || !mayDo('withdrawChanges')) return () => false;
  return (change) => refuseWithdrawingChange({ kind: 'user', role: organization.role }, change) === null;
};

/** Returns true when the user may assign users to the license. */
export const useMayAssign = (license: License): boolean => {
  const organization = useOrganization();
  const mayDo = usePowers(license);
  return organization !== null && mayDo('assignUsers') && isAssigner(license.holderOrganizationId, organization.id);
};
