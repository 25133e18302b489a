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
