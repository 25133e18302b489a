import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { base62 } from './base62.ts';
import { type Secrets, secretById } from './secrets.ts';

/** A well-formed API key. `lookupId` identifies its row. `hint` is the part that may be displayed later. */
export type ApiKey = { readonly text: string; readonly lookupId: string; readonly hint: string };

const shape = /^lgr_live_([0-9A-Za-z]{8})_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/;

/**
 * Returns the API key of a creation, derived from `commandId` with a configured secret (256 bits). So a retry after a
 * crash returns the same key, although the key is not stored. Display it once and never store it.
 */
export const createApiKeyText = (secrets: Secrets, commandId: string): ApiKey => {
  const derive = (part: string) =>
    createHmac('sha256', secrets.signing.key('api-key')).update(`create\0${part}\0${commandId}`).digest('hex');
  const lookupId = base62(BigInt(`0x${derive('look-up id')}`) % 62n ** 8n, 8);
  const unchecked = `lgr_live_${lookupId}_${base62(BigInt(`0x${derive('secret')}`), 43)}`;
  return { text: unchecked + checksum(unchecked), lookupId, hint: `lgr_live_${lookupId}` };
};

/** Returns the parts of an API key, or null when the form or the checksum is wrong. Needs no database. */
export const parseApiKey = (text: string): ApiKey | null => {
  const lookupId = shape.exec(text)?.[1];
  if (lookupId === undefined || checksum(text.slice(0, -6)) !== text.slice(-6)) return null;
  return { text, lookupId, hint: `lgr_live_${lookupId}` };
};

/** Returns the hash to store for a new key, and the id of the secret that it was computed with. */
export const hashApiKey = (secrets: Secrets, text: string): { readonly hash: Buffer; readonly secretId: string } => ({
  hash: createHmac('sha256', secrets.signing.key('api-key')).update(text).digest(),
  secretId: secrets.signing.id,
});

/** Returns true when `text` is the key of the stored hash. Compares in constant time. */
export const isApiKey = (secrets: Secrets, text: string, stored: { hash: Buffer; secretId: string }): boolean => {
  const secret = secretById(secrets, stored.secretId);
  if (secret === undefined) return false;
  const hash = createHmac('sha256', secret.key('api-key')).update(text).digest();
  return hash.length === stored.hash.length && timingSafeEqual(hash, stored.hash);
};

const checksum = (text: string): string => base62(BigInt(crc32(text)), 6);
