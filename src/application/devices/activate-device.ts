import type { ClientRequest } from '../client-license.ts';
import type { Refusal } from '../refusal.ts';
import type { ActivatedDevice, DescribedDevice, DeviceNeeds } from './device-request.ts';
import { sendActivation } from './send-activation.ts';

/** Activates a license on a device, once per device. */
export const activateDevice = (
  needs: DeviceNeeds,
  request: ClientRequest,
  described: DescribedDevice,
): Promise<ActivatedDevice | Refusal> =>
  sendActivation(needs, request, described, (device, at) => ({ type: 'Activate', at, data: device }));
