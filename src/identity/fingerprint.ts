import { createHmac } from 'node:crypto';
import type { Secrets } from './secrets.ts';

/**
 * The hashes a device may be stored under, hex: the first is for a new one, the others are those of older secrets. They
 * depend on the issuer, so that two issuers cannot compare their devices.
 */
export const fingerprintHashes = (secrets: Secrets, issuerOrgId: string, fingerprint: string): string[] =>
  secrets.all.map((secret) =>
    createHmac('sha256', secret.key('fingerprint')).update(`${issuerOrgId}\0${fingerprint}`).digest('hex'),
  );

/** The hashes of a device's parts, by name, once for each secret in the order of `fingerprintHashes`. */
export const componentHashes = (
  secrets: Secrets,
  issuerOrgId: string,
  components: Readonly<Record<string, string>>,
): readonly Readonly<Record<string, string>>[] => {
  // With its name, so that a part is never taken for another one, nor for a device.
  const ofParts = Object.entries(components).map(
    ([name, value]) => [name, fingerprintHashes(secrets, issuerOrgId, `part\0${name}\0${value}`)] as const,
  );
  return secrets.all.map((_, place) =>
    Object.fromEntries(ofParts.map(([name, hashes]) => [name, hashes[place] ?? ''])),
  );
};
