import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { refuseDevicesOf } from './devices-per-user.ts';

/**
 * Changes the user and the metadata of an active device for an administrator. The user must be assigned and have room
 * under a policy with `devicesPerUser`. It is no contact of the device, and does not need a license that is valid.
 */
export const changeDetails = ({ data }: CommandOf<'ChangeDevice'>, license: IssuedLicense): LicenseDecision => {
  const { activationId, userRef, metadataRef } = data;
  const activation = license.activations.get(activationId);
  if (activation === undefined)
    return reject('ACTIVATION_NOT_FOUND', `License ${license.facts.licenseId} has no active device with this id.`);
  const isOtherUser = userRef !== undefined && userRef !== activation.userRef;
  if (isOtherUser) {
    const refusal = refuseUser(license, userRef) ?? refuseDevicesOf(license, userRef, null);
    if (refusal !== null) return refusal;
  }
  const isOtherMetadata = metadataRef !== undefined && metadataRef !== (activation.metadataRef ?? null);
  if (!isOtherUser && !isOtherMetadata) return [];
  const changes = { ...(isOtherUser ? { userRef } : {}), ...(isOtherMetadata ? { metadataRef } : {}) };
  return [{ type: 'ActivationDetailsChanged', data: { activationId, ...changes } }];
};

const refuseUser = ({ facts, users }: IssuedLicense, userRef: string | null) =>
  userRef === null || users.has(userRef)
    ? null
    : reject<LicenseRejection>(
        'USER_NOT_ASSIGNED',
        `License ${facts.licenseId} is not assigned to this user. Assign it first, with POST /v1/licenses/{licenseId}/users.`,
        'user',
      );
