import type { Device } from '../../domain/license/devices/device-commands.ts';
import { matchesDevice } from '../../domain/license/devices/device-matching.ts';
import { componentHashes, fingerprintHashes } from '../../identity/fingerprint.ts';
import { userReferences } from '../../identity/user-reference.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import type { ClientNeeds } from '../client-license.ts';

// Clients name users, holders and devices by their own texts. Streams know them by HMACs. Values that were stored under
// an older secret must be found under it, and users also under an earlier holder. With one candidate no lookup is needed.

/** Returns the reference of an assigned user, or the reference that an assignment would use. */
export const findUser = async (
  { secrets, validations }: ClientNeeds,
  license: ValidationFacts,
  user: string,
): Promise<string> => {
  const userRefs = userReferences(secrets, license.facts, user);
  const [newest = ''] = userRefs;
  return userRefs.length === 1 ? newest : ((await validations.details(license, { userRefs })).assignedUser ?? newest);
};

/** Returns the hash of a holder with a seat, or the hash that a new seat would use. */
export const findHolder = async (
  { secrets, validations }: ClientNeeds,
  license: ValidationFacts,
  holder: string,
): Promise<string> => {
  const holderHashes = fingerprintHashes(secrets, license.facts.issuerOrgId, holder);
  const [newest = ''] = holderHashes;
  return holderHashes.length === 1
    ? newest
    : ((await validations.details(license, { holderHashes })).leaseHolder ?? newest);
};

/** Returns the hash of an active device, or the hash that it would get, and whether it is active. */
export const findDevice = async (
  { secrets, validations }: ClientNeeds,
  license: ValidationFacts,
  value: string,
): Promise<{ readonly hash: string; readonly isActivated: boolean }> => {
  const { facts, fingerprintHashes: open, more } = license;
  const hashes = fingerprintHashes(secrets, facts.issuerOrgId, value);
  for (const hash of hashes) {
    if (open.includes(hash) || (more && (await validations.isActivated(license, hash))))
      return { hash, isActivated: true };
  }
  return { hash: hashes[0] ?? '', isActivated: false };
};

/** Returns the hashes of an active device, by its fingerprint or its components, or the hashes that it would get. */
export const findDeviceHashes = async (
  needs: ClientNeeds,
  license: ValidationFacts,
  { fingerprint, components }: { readonly fingerprint: string; readonly components?: Parts | undefined },
): Promise<Pick<Device, 'fingerprintHash' | 'components'>> => {
  const { hash, isActivated } = await findDevice(needs, license, fingerprint);
  if (components === undefined) return { fingerprintHash: hash };
  const { issuerOrgId, policy } = license.facts;
  const hashes = fingerprintHashes(needs.secrets, issuerOrgId, fingerprint);
  const parts = componentHashes(needs.secrets, issuerOrgId, components);
  let place = hashes.indexOf(hash);
  if (!isActivated && policy.fingerprintMatching !== 'EXACT' && parts.length > 1) {
    const { devices } = await needs.validations.details(license, { components: parts });
    const known = parts.findIndex((hashedParts) =>
      devices.some((device) => matchesDevice(policy.fingerprintMatching, device.components, hashedParts)),
    );
    place = Math.max(0, known);
  }
  return { fingerprintHash: hashes[place] ?? hash, components: parts[place] ?? {} };
};

type Parts = Readonly<Record<string, string>>;
