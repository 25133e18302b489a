import { createHmac } from 'node:crypto';
import type { Secrets } from './secrets.ts';

/**
 * Returns the hex hashes that a device may be stored under. New devices use the first; the others belong to older
 * secrets. The hashes depend on the issuer, so two issuers cannot compare their devices.
 */
export const fingerprintHashes = (secrets: Secrets, issuerOrgId: string, fingerprint: string): string[] =>
  secrets.all.map((secret) =>
    createHmac('sha256', secret.key('fingerprint')).update(`${issuerOrgId}\0${fingerprint}`).digest('hex'),
  );

/**
 * Returns the hex hashes of the forms of an e-mail address, under every secret. They differ from those of devices, and
 * between issuers. They do not reveal the address without a secret.
 */
export const addressHashes = (secrets: Secrets, issuerOrgId: string, forms: readonly string[]): string[] =>
  forms.flatMap((form) => fingerprintHashes(secrets, issuerOrgId, `address\0${form}`));

/** Returns the hashes of a device's components by name, one record per secret in the order of `fingerprintHashes`. */
export const componentHashes = (
  secrets: Secrets,
  issuerOrgId: string,
  components: Readonly<Record<string, string>>,
): readonly Readonly<Record<string, string>>[] => {
  // The hash includes the name, so that no component equals another component or a device.
  const hashesByName = Object.entries(components).map(
    ([name, value]) => [name, fingerprintHashes(secrets, issuerOrgId, `part\0${name}\0${value}`)] as const,
  );
  return secrets.all.map((_, place) =>
    Object.fromEntries(hashesByName.map(([name, hashes]) => [name, hashes[place] ?? ''])),
  );
};
