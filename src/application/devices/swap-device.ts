import { type ClientRequest, sendClientCommand } from '../client-license.ts';
import { withReserved } from '../licenses/issue/reserve.ts';
import { isRefusal } from '../refusal.ts';
import {
  type ActivatedDevice,
  activatedDevice,
  activatedView,
  type DescribedDevice,
  type DeviceNeeds,
  type DeviceRefusal,
  deviceNameOf,
  type NamedDevice,
  prepareDevice,
  reservationsOf,
  withActivations,
} from './device-request.ts';

/** Replaces a device by another one, under the rules of both commands, in one step. */
export const swapDevice = async (
  needs: DeviceNeeds,
  request: ClientRequest,
  { release, activate }: { readonly release: NamedDevice; readonly activate: DescribedDevice },
): Promise<ActivatedDevice | DeviceRefusal> => {
  const { license } = request;
  const { issuerOrgId, licenseId } = license.facts;
  const at = needs.now();
  const prepared = await prepareDevice(needs, request, activate);
  const { device, values } = prepared;
  const data = { release: await deviceNameOf(needs, license, release), activate: device };
  const sent = await withReserved(
    { ...request, executor: needs.executor, store: needs.store, at, issuerOrgId, licenseId },
    reservationsOf(needs.secrets, license.facts, activate.fingerprint),
    () =>
      sendClientCommand(
        needs,
        request,
        { command: { type: 'SwapActivation', at, data }, values },
        activatedView(device),
      ),
  );
  return isRefusal(sent) ? withActivations(needs.pool, license, sent) : activatedDevice(needs.pool, prepared, sent);
};
