import {
  type ClientNeeds,
  type ClientRequest,
  isByKey,
  sendClientCommand,
  type UsedLicense,
  usedLicense,
} from '../client-license.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { deviceNameOf, type NamedDevice } from './device-request.ts';

/** Deactivates a device of a license, within the deactivation limit and cooldown of its policy. */
export const deactivateDevice = async (
  needs: ClientNeeds & CommandNeeds,
  request: ClientRequest,
  named: NamedDevice,
): Promise<UsedLicense | Refusal> => {
  const device = await deviceNameOf(needs, request.license, named);
  const command = {
    type: 'Deactivate',
    at: needs.now(),
    data: { device, by: 'USER', byKey: isByKey(request) },
  } as const;
  const sent = await sendClientCommand(needs, request, { command }, issuedFacts);
  return isRefusal(sent) ? sent : usedLicense(sent);
};
