import { type ClientRequest, isByKey } from '../client-license.ts';
import type { ObservingNeeds } from '../observing/note-validation.ts';
import type { Refusal } from '../refusal.ts';
import {
  type ActivatedDevice,
  type DescribedDevice,
  type DeviceNeeds,
  deviceNameOf,
  type NamedDevice,
} from './device-request.ts';
import { sendActivation } from './send-activation.ts';

/** Replaces a device by another one, under the rules of both commands, in one step. */
export const swapDevice = async (
  needs: DeviceNeeds & ObservingNeeds,
  request: ClientRequest,
  { release: released, activate }: { readonly release: NamedDevice; readonly activate: DescribedDevice },
): Promise<ActivatedDevice | Refusal> => {
  const release = await deviceNameOf(needs, request.license, released);
  return sendActivation(needs, request, activate, (device, at) => ({
    type: 'SwapActivation',
    at,
    data: { release, activate: device, byKey: isByKey(request) },
  }));
};
