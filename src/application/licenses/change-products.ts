import type { LicenseCommand } from '../../domain/license/commands.ts';
import { findUnsold } from '../catalog/find-offer.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Adds and removes products of a license: all that are named, or none. */
export const changeProducts = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: async (at) => {
      const unsold = await findUnsold(needs.executor, request.caller.organizationId, add, 'add');
      const commands: readonly LicenseCommand[] = [
        ...add.map((product) => ({ type: 'AddProduct', at, data: { product } }) as const),
        ...remove.map((product) => ({ type: 'RemoveProduct', at, data: { product } }) as const),
      ];
      return unsold ?? { at, compose: () => commands };
    },
  });
