import { type Components, matchesDevice } from '../../domain/license/devices/component-check.ts';
import type { Device } from '../../domain/license/devices/device-commands.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { componentHashes, fingerprintHashes, holderHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import type { NameNeeds } from '../client-license.ts';

// Clients name users, holders and devices by their own texts. Streams know them by HMACs. Values that were stored under
// an older secret or in another spelling must be found under it, and users also under an earlier holder. With one
// candidate no lookup is needed.

/** Returns the reference of an assigned user, or the reference that an assignment would use. */
export const findUser = async (
  { secrets, validations }: NameNeeds,
  license: ValidationFacts,
  user: string,
): Promise<string> => {
  const userRefs = userReferences(secrets, license.facts, user);
  const [newest = ''] = userRefs;
  return userRefs.length === 1 ? newest : ((await validations.details(license, { userRefs })).assignedUser ?? newest);
};

/**
 * Returns the hash of a holder with a seat, or the hash that a new seat would use. An active device keeps its hash, so
 * that its release finds its seat.
 */
export const findHolder = async (needs: NameNeeds, license: ValidationFacts, holder: string): Promise<string> => {
  const hashes = holderHashesIn(needs.secrets, license.facts, holder);
  const [newest = ''] = hashes;
  if (hashes.length === 1) return newest;
  const { leaseHolder } = await needs.validations.details(license, { holderHashes: hashes });
  if (leaseHolder !== null) return leaseHolder;
  const device = await findDevice(needs, license, holder);
  return device.isActivated ? device.hash : newest;
};

/** Returns the hashes that the holder of a seat of this license may be stored under. */
export const holderHashesIn = (secrets: Secrets, { issuerOrgId, policy }: LicenseFacts, holder: string) =>
  holderHashes(secrets, issuerOrgId, holder, policy.lease.scope === 'USER');

/** Returns the hash of an active device, or the hash that it would get, and whether it is active. */
export const findDevice = (
  needs: NameNeeds,
  license: ValidationFacts,
  value: string,
): Promise<{ readonly hash: string; readonly isActivated: boolean }> =>
  findActivated(needs, license, fingerprintHashes(needs.secrets, license.facts.issuerOrgId, value));

const findActivated = async (
  { validations }: NameNeeds,
  license: ValidationFacts,
  hashes: readonly string[],
): Promise<{ readonly hash: string; readonly isActivated: boolean }> => {
  const { fingerprintHashes: open, more } = license;
  for (const hash of hashes) {
    if (open.includes(hash) || (more && (await validations.isActivated(license, hash))))
      return { hash, isActivated: true };
  }
  return { hash: hashes[0] ?? '', isActivated: false };
};

/** Returns the hashes of an active device, by its fingerprint or its components, or the hashes that it would get. */
export const findDeviceHashes = async (
  needs: NameNeeds,
  license: ValidationFacts,
  { fingerprint, components }: { readonly fingerprint: string; readonly components?: Components | undefined },
): Promise<Pick<Device, 'fingerprintHash' | 'components'>> => {
  const { issuerOrgId, policy } = license.facts;
  const hashes = fingerprintHashes(needs.secrets, issuerOrgId, fingerprint);
  const [only] = hashes;
  if (components === undefined && only !== undefined && hashes.length === 1) return { fingerprintHash: only };
  const { hash, isActivated } = await findActivated(needs, license, hashes);
  if (components === undefined) return { fingerprintHash: hash };
  const parts = componentHashes(needs.secrets, issuerOrgId, components);
  // Hashes and parts go through the secrets in the same order, once for each spelling.
  const secretsCount = needs.secrets.all.length;
  let place = hashes.indexOf(hash) % secretsCount;
  if (!isActivated && policy.fingerprintMatching !== 'EXACT' && parts.length > 1) {
    const { devices } = await needs.validations.details(license, { components: parts });
    const known = parts.findIndex((hashedParts) =>
      devices.some((device) => matchesDevice(policy, device.components, hashedParts)),
    );
    place = Math.max(0, known);
  }
  return {
    fingerprintHash: isActivated ? hash : (hashes[place % secretsCount] ?? hash),
    components: parts[place] ?? {},
  };
};

/**
 * Returns the hashes of components: those of `first`, but the recorded one where any of `candidates`, which are under
 * every secret and in every spelling, is equal to it.
 */
export const asRecorded = (candidates: readonly Components[], recorded: Components, first: Components): Components =>
  Object.fromEntries(
    Object.entries(first).map(([name, hash]) => {
      const known = recorded[name];
      return [name, known !== undefined && candidates.some((hashes) => hashes[name] === known) ? known : hash];
    }),
  );
