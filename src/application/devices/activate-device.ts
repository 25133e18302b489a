import type { ClientRequest } from '../client-license.ts';
import type { ActivatedDevice, DescribedDevice, DeviceNeeds, DeviceRefusal } from './device-request.ts';
import { sendActivation } from './send-activation.ts';

/** Activates a license on a device, once per device. */
export const activateDevice = (
  needs: DeviceNeeds,
  request: ClientRequest,
  described: DescribedDevice,
): Promise<ActivatedDevice | DeviceRefusal> =>
  sendActivation(needs, request, described, (device, at) => ({ type: 'Activate', at, data: device }));
