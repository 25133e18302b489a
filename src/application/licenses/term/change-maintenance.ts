import type { Instant } from '../../../domain/time.ts';
import type { Refusal } from '../../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../change-license.ts';
import type { CommandNeeds } from '../send-license-command.ts';

/** Sets until when a license covers new releases. Null: its maintenance has no end of its own. */
export const changeMaintenance = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { to, reasonCode }: { readonly to: Instant | null; readonly reasonCode: string },
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'ChangeMaintenance', at, data: { to, reasonCode } }),
  });
