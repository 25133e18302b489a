import {
  type Credential,
  grant,
  isPermitted,
  managers,
  ownOnly,
  type Permission,
  readers,
  withinProducts,
} from './authority.ts';
import { licensePermissions } from './license/license-authority.ts';
import { roles, scopes } from './organization/events.ts';

/**
 * All permissions. Each route names one, and refuses every credential without it.
 * src/domain/license/license-authority.ts decides who may act on a license, and
 * src/domain/organization/organization-authority.ts who may act on an organization.
 */
export const permissions = {
  ...licensePermissions,
  readCatalog: withinProducts(ownOnly(grant(readers, 'licenses:read', 'catalog:write'))),
  changeCatalog: ownOnly(grant([...managers, 'DEVELOPER'], 'catalog:write')),
  readMembers: ownOnly(grant([...managers, 'MEMBER', 'AUDITOR'], 'members:write')),
  manageMembers: ownOnly(grant(managers, 'members:write')),
  /** The token of an invitation lets its bearer join: no API key gets one. */
  handOutInvitations: ownOnly(grant(managers)),
  readApiKeys: withinProducts(ownOnly(grant([...managers, 'MEMBER', 'AUDITOR', 'DEVELOPER'], 'members:write'))),
  /** Create, change and revoke API keys. The stream of the organization bounds it to the rights of the caller. */
  manageApiKeys: withinProducts(ownOnly(grant([...managers, 'DEVELOPER'], 'members:write'))),
  /** No operation needs it yet. It keeps a role without it from handing on its scope. */
  changeWebhooks: ownOnly(grant(managers, 'webhooks:write')),
  readProjects: ownOnly(grant([...managers, 'MEMBER', 'GUEST', 'AUDITOR'], 'projects:write')),
  changeProjects: ownOnly(grant([...managers, 'MEMBER'], 'projects:write')),
  /** See the licenses that issuers offer to the organization, and its decisions about issuers. */
  readOffers: ownOnly(grant(readers, 'licenses:read')),
  /** Accept or decline offers for the organization, and trust or block issuers. */
  answerOffers: ownOnly(grant(managers, 'licenses:write')),
  readEvents: withinProducts(ownOnly(grant([...managers, 'BILLING', 'AUDITOR'], 'events:read'))),
  /** A log covers all products, so an API key that is limited to products does not have it. */
  readLog: ownOnly(grant([...managers, 'BILLING', 'AUDITOR'], 'events:read')),
  /** Every credential of an organization has it. */
  readOrganization: withinProducts(ownOnly(grant(roles, ...scopes))),
  changeOrganization: ownOnly(grant(managers)),
  closeOrganization: ownOnly(grant(['OWNER'])),
} as const satisfies Readonly<Record<string, Permission>>;

/** The name of a permission. */
export type PermissionName = keyof typeof permissions;

/** Returns true when a credential has the permission on one side at least. */
export const hasPermission = (credential: Credential, name: PermissionName): boolean =>
  isPermitted(credential, permissions[name]);
