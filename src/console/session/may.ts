import { isPermitted } from '../../domain/authority.ts';
import { type PermissionName, permissions } from '../../domain/permissions.ts';
import { useOrganization } from './own-organizations.ts';

/**
 * Returns what tells whether the user may do something in the organization of the page. The server decides again at each
 * request; this only keeps away what it would refuse.
 */
export const useMay = (): ((name: PermissionName) => boolean) => {
  const organization = useOrganization();
  if (organization === null || organization.closedAt !== null) return () => false;
  return (name) => isPermitted({ kind: 'user', role: organization.role }, permissions[name], 'own');
};

/** Returns whether the user may do something in the organization of the page. */
export const usePermission = (name: PermissionName): boolean => useMay()(name);
