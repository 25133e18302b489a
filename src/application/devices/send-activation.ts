import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { Device } from '../../domain/license/devices/device-commands.ts';
import type { Instant } from '../../domain/time.ts';
import { type ClientRequest, sendClientCommand } from '../client-license.ts';
import { withReserved } from '../licenses/issue/reserve.ts';
import { noteRefusal } from '../observing/note-refusal.ts';
import { noteContact, type ObservingNeeds } from '../observing/note-validation.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { findNewestEntitled } from '../validation/date-version.ts';
import {
  type ActivatedDevice,
  activatedDevice,
  activatedView,
  type DescribedDevice,
  type DeviceNeeds,
  prepareDevice,
  reservationsOf,
} from './device-request.ts';
import { sendUnique } from './send-unique.ts';
import { withUseAtLimit } from './use-at-limit.ts';

/** Sends the command that activates a device. Reserves a trial for the device, and the device itself, first. */
export const sendActivation = async (
  needs: DeviceNeeds & ObservingNeeds,
  request: ClientRequest,
  described: DescribedDevice,
  commandOf: (device: Device, at: Instant) => LicenseCommand,
): Promise<ActivatedDevice | Refusal> => {
  const { license } = request;
  const { issuerOrgId, licenseId } = license.facts;
  const at = needs.now();
  const prepared = await prepareDevice(needs, request, described);
  const { device, values } = prepared;
  const sent = await withReserved(
    { ...request, executor: needs.executor, store: needs.store, at, issuerOrgId, licenseId },
    reservationsOf(needs.secrets, license.facts, described.fingerprint),
    () =>
      sendUnique(needs, request, { fingerprint: described.fingerprint, device, commandOf }, (reserved) =>
        sendClientCommand(needs, request, { command: commandOf(reserved, at), values }, activatedView(device)),
      ),
  );
  const { product, appVersion: version, fingerprintHash } = device;
  if (!isRefusal(sent)) {
    const activated = await activatedDevice(needs.pool, { ...request, at }, prepared, sent);
    // A new activation is itself the last contact.
    const seen = activated.isNew ? null : (sent.view.open?.fingerprintHash ?? null);
    noteContact(needs, request, { facts: activated.facts, device: seen, version, product, at });
    return activated;
  }
  noteRefusal(needs, request, { refusal: sent, at, product, version, fingerprintHash });
  if (sent.rejected === 'VERSION_NOT_ENTITLED') {
    const unentitled = { product, version: version ?? '', at };
    const newestEntitledRelease = await findNewestEntitled(needs.pool, license.facts, unentitled);
    return { ...sent, details: { newestEntitledRelease } };
  }
  return withUseAtLimit(needs, request, sent, device.userRef);
};
