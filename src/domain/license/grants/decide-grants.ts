import type { LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { assignUser } from './decide-assigned-users.ts';
import { addProduct, removeProduct } from './decide-covered-products.ts';
import { grantEntitlement, revokeEntitlement } from './decide-entitlements.ts';
import { unassignUser } from './decide-unassignment.ts';
import { endEntitlements } from './entitlement-ends.ts';
import type { GrantCommand } from './grant-commands.ts';

/** Decides a command about what the license grants, or to whom. */
export const decideGrants = (command: GrantCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'AssignUser':
      return assignUser(command, license);
    case 'UnassignUser':
      return unassignUser(command, license);
    case 'GrantEntitlement':
      return grantEntitlement(command, license);
    case 'RevokeEntitlement':
      return revokeEntitlement(command, license);
    case 'EndEntitlements':
      return endEntitlements(command, license);
    case 'AddProduct':
      return addProduct(command, license);
    case 'RemoveProduct':
      return removeProduct(command, license);
  }
};
