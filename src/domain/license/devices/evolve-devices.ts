import type { At } from '../../decider.ts';
import type { EventWith } from '../consequences.ts';
import { takeAnnounced } from '../endings/ended-parts.ts';
import { withAnnouncement } from '../endings/evolve-endings.ts';
import type { EventOf } from '../events.ts';
import { noteRepeatable } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { countedAt, isAfterEnd } from '../usage/term-counters.ts';
import { withUsage } from '../usage/with-usage.ts';
import type { DeviceChanges, DeviceEvent } from './device-events.ts';

/** Returns the facts after an event about a device. */
export const evolveDeviceFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, DeviceEvent>,
): LicenseFacts => {
  const { seats, users, meters } = facts.usage;
  switch (event.type) {
    case 'ActivationRecorded':
      return withUsage(facts, { activations: event.data.countAfter, seats, users, meters });
    case 'ActivationDeactivated':
      return (
        withAnnouncement(facts, event) ?? withUsage(facts, { activations: event.data.countAfter, seats, users, meters })
      );
  }
};

/** Changes, in place, the open activations, and the releases that allowance and cooldown count. */
export const evolveDeviceCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, DeviceEvent>,
  at: At,
): void => {
  switch (event.type) {
    case 'ActivationRecorded':
      addActivation(license, event.data, at);
      return;
    case 'ActivationUpdated':
      updateActivation(license, event.data, at);
      return;
    case 'ActivationDetailsChanged':
      changeDetails(license, event.data);
      return;
    case 'DeactivationAnnounced':
      announceDeactivation(license, event.data, at);
      return;
    case 'ActivationDeactivated':
      if (!takeAnnounced(license, event, at)) removeActivation(license, event.data, at);
      return;
    default:
      event satisfies never;
  }
};

const addActivation = (
  license: IssuedLicense,
  data: EventOf<'ActivationRecorded'>['data'],
  { effectiveAt }: At,
): void => {
  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = data;
  const { components = noComponents, userRef = null, environment = null } = data;
  license.activations.set(activationId, {
    activationId,
    fingerprintHash,
    product,
    nameRef,
    platform,
    appVersion,
    activatedAt: effectiveAt,
    components,
    userRef,
    environment,
  });
  license.byFingerprint.set(fingerprintHash, activationId);
};

const updateActivation = (
  { activations }: IssuedLicense,
  { activationId, ...changes }: EventOf<'ActivationUpdated'>['data'],
  { recordedAt }: At,
): void => {
  const activation = activations.get(activationId);
  if (activation === undefined) return;
  const details = Object.keys(changes) as (keyof DeviceChanges)[];
  const updatedAt = Object.fromEntries(details.map((detail) => [detail, recordedAt]));
  // The device keeps its place among the oldest.
  activations.set(activationId, {
    ...activation,
    ...changes,
    updatedAt: { ...activation.updatedAt, ...updatedAt },
  });
};

const changeDetails = (
  { activations }: IssuedLicense,
  { activationId, userRef, metadataRef }: EventOf<'ActivationDetailsChanged'>['data'],
): void => {
  const activation = activations.get(activationId);
  if (activation === undefined) return;
  const { metadataRef: before, ...others } = activation;
  const after = metadataRef === undefined ? before : metadataRef;
  activations.set(activationId, {
    ...others,
    ...(userRef === undefined ? {} : { userRef }),
    ...(after === undefined || after === null ? {} : { metadataRef: after }),
  });
};

const announceDeactivation = (
  { activations }: IssuedLicense,
  { activationId, lastSeenAt, deactivatesAt }: EventOf<'DeactivationAnnounced'>['data'],
  { recordedAt }: At,
): void => {
  const activation = activations.get(activationId);
  if (activation === undefined) return;
  // The device keeps its place among the oldest.
  activations.set(activationId, {
    ...activation,
    unseen: { lastSeenAt, deactivatesAt, announcedAt: recordedAt },
  });
};

const removeActivation = (
  license: IssuedLicense,
  { activationId, cause, presentedHash }: EventOf<'ActivationDeactivated'>['data'],
  at: At,
): void => {
  const activation = license.activations.get(activationId);
  license.activations.delete(activationId);
  noteRepeatable(license.deactivated, activationId, at.recordedAt);
  if (activation !== undefined) {
    license.byFingerprint.delete(activation.fingerprintHash);
    noteRepeatable(license.deactivated, activation.fingerprintHash, at.recordedAt);
  }
  if (presentedHash !== undefined) noteRepeatable(license.deactivated, presentedHash, at.recordedAt);
  if (cause !== 'USER' && cause !== 'SWAP') return;
  license.deactivationsInTerm += 1;
  if (isAfterEnd(license.facts, countedAt(at))) license.deactivationsAfterEnd += 1;
  license.lastDeactivatedAt = at.effectiveAt;
};

const noComponents: Readonly<Record<string, string>> = {};
