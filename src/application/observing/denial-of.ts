import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Denial, NewDenial } from '../../records/license-denials.ts';

/** The client of a denied request. `clientNetwork` is called only when the policy keeps its result. */
export type DeniedClient = {
  readonly product: string | null;
  readonly version: string | null;
  /** In hex. Null: the request named no device. */
  readonly fingerprintHash: string | null;
  readonly clientNetwork: () => string;
};

/** How many hex digits of the hash of a device tell the devices of a license apart. */
const deviceHintLength = 8;

/** Returns the hint of a device: the beginning of its keyed hash. The fingerprint cannot be derived from it. */
export const deviceHint = (fingerprintHash: string): string => fingerprintHash.slice(0, deviceHintLength);

/** Returns the denial of a client. Only its network is kept of the address, when the policy says so. */
export const denialOf = (
  { issuerOrgId, holderOrgId, licenseId, policy }: LicenseFacts,
  { product, version, fingerprintHash, clientNetwork }: DeniedClient,
  { code, deniedAt }: Pick<Denial, 'code' | 'deniedAt'>,
): NewDenial => ({
  issuerOrgId,
  holderOrgId,
  licenseId,
  code,
  deniedAt,
  product,
  version,
  device: fingerprintHash === null ? null : deviceHint(fingerprintHash),
  addressPrefix: policy.keepAddressPrefix === true ? clientNetwork() : null,
});
