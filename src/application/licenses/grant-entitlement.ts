import type { Entitlement } from '../../domain/license/grants/entitlement.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** What a license grants or withholds in addition to its policy. With `withheld` the value and the limit are null. */
export type NewGrant = Omit<Entitlement, 'source' | 'withheld'> & { readonly withheld: boolean };

/** Returns the entitlement of a license that a new grant describes. */
export const entitlementOf = ({ withheld, ...grant }: NewGrant): Entitlement => ({
  ...grant,
  source: 'grant',
  ...(withheld ? { withheld } : {}),
});

/** Grants or withholds an entitlement of a license. */
export const grantEntitlement = (
  needs: CommandNeeds,
  request: LicenseRequest,
  grant: NewGrant,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'GrantEntitlement', at, data: entitlementOf(grant) }),
  });
