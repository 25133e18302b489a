import { isPermitted } from '../../domain/authority.ts';
import { type PermissionName, permissions } from '../../domain/permissions.ts';
import { useOrganization } from './own-organizations.ts';

/** Returns whether the role of the user has a permission. A closed organization permits nothing. */
export const usePermission = (name: PermissionName): boolean => {
  const organization = useOrganization();
  if (organization === null || organization.closedAt !== null) return false;
  return isPermitted({ kind: 'user', role: organization.role }, permissions[name], 'own');
};
