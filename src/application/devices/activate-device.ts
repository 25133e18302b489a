import { type ClientRequest, isByKey } from '../client-license.ts';
import type { ObservingNeeds } from '../observing/note-validation.ts';
import type { Refusal } from '../refusal.ts';
import type { ActivatedDevice, DescribedDevice, DeviceNeeds } from './device-request.ts';
import { sendActivation } from './send-activation.ts';

/** Activates a license on a device, once per device. Updates the details of a device that is active already. */
export const activateDevice = (
  needs: DeviceNeeds & ObservingNeeds,
  request: ClientRequest,
  described: DescribedDevice,
): Promise<ActivatedDevice | Refusal> =>
  sendActivation(needs, request, described, (device, at) => ({
    type: 'Activate',
    at,
    data: { ...device, byKey: isByKey(request) },
  }));
