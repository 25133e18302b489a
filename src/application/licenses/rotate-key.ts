import type { CommandOf } from '../../domain/license/commands.ts';
import { formatLicenseKey } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { keyOf, refuseForgottenKey } from './created-key.ts';
import type { CommandNeeds } from './send-license-command.ts';

export type KeyNeeds = CommandNeeds & { readonly secrets: Secrets; readonly licenseKeyPrefix: string };

/** A license with its new key, which is stored nowhere. */
export type RotatedKey = ChangedLicense & { readonly licenseKey: string };

/**
 * Gives a license a new key. Its body is the secret of the attempt. The previous key works until the overlap ends.
 * Refuses to return the key when a forgotten earlier attempt has created a different one.
 */
export const rotateKey = async (
  needs: KeyNeeds,
  request: LicenseRequest,
  { overlapSeconds, cause }: Pick<CommandOf<'RotateKey'>['data'], 'overlapSeconds' | 'cause'>,
): Promise<RotatedKey | Refusal> => {
  const { attempt, licenseId } = request;
  const changed = await changeLicense(needs, request, {
    power: 'manageUse',
    command: (at) => ({ type: 'RotateKey', at, data: { ...keyOf(needs.secrets, attempt), overlapSeconds, cause } }),
    refuse: (events) => refuseForgottenKey(needs.secrets, attempt, licenseId, events),
  });
  if (isRefusal(changed)) return changed;
  return { ...changed, licenseKey: formatLicenseKey(needs.licenseKeyPrefix, attempt.secret) };
};

/** Stops an earlier key of a license before its overlap ends; without `keyVersion` all earlier keys. */
export const endKeyOverlap = (
  needs: CommandNeeds,
  request: LicenseRequest,
  keyVersion: number | undefined,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'manageUse',
    command: (at) => ({ type: 'EndKeyOverlap', at, data: keyVersion === undefined ? {} : { keyVersion } }),
  });
