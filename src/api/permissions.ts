import {
  type Credential,
  grant,
  isPermitted,
  managers,
  ownOnly,
  type Permission,
  readers,
} from '../domain/authority.ts';
import { licensePermissions } from '../domain/license/license-authority.ts';
import type { Role } from '../domain/organization/events.ts';

const everybody: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR'];

/**
 * All permissions. Each route names one, and refuses every credential without it. src/domain/license/license-authority.ts
 * decides who may act on a license, and src/domain/organization/organization-authority.ts who may act on an organization.
 */
export const permissions = {
  ...licensePermissions,
  readCatalog: ownOnly(grant(readers, 'licenses:read', 'catalog:write')),
  changeCatalog: ownOnly(grant(managers, 'catalog:write')),
  readMembers: ownOnly(grant([...managers, 'MEMBER', 'AUDITOR'], 'members:write')),
  manageMembers: ownOnly(grant(managers, 'members:write')),
  readProjects: ownOnly(grant([...managers, 'MEMBER', 'GUEST', 'AUDITOR'], 'projects:write')),
  changeProjects: ownOnly(grant([...managers, 'MEMBER'], 'projects:write')),
  readEvents: ownOnly(grant([...managers, 'BILLING', 'AUDITOR'], 'events:read')),
  readOrganization: ownOnly(grant(everybody)),
  changeOrganization: ownOnly(grant(managers)),
  closeOrganization: ownOnly(grant(['OWNER'])),
} as const satisfies Readonly<Record<string, Permission>>;

/** The name of a permission. */
export type PermissionName = keyof typeof permissions;

/** Returns true when a credential has the permission on one side at least. */
export const hasPermission = (credential: Credential, name: PermissionName): boolean =>
  isPermitted(credential, permissions[name]);
