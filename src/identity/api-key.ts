import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { base62 } from './base62.ts';
import { type Secrets, secretById } from './secrets.ts';

/** A well-formed API key. `lookupId` finds its row, `hint` is what may be shown of it later. */
export type ApiKey = { readonly text: string; readonly lookupId: string; readonly hint: string };

const shape = /^lgr_live_([0-9A-Za-z]{8})_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/;

/**
 * Makes the API key of a creation: 256 bits that only a holder of the secret can draw from `commandId`, so that a creation
 * repeated after a crash gives the same key again without its having been stored. To be shown once and never stored.
 */
export const createApiKeyText = (secrets: Secrets, commandId: string): ApiKey => {
  const draw = (what: string) =>
    createHmac('sha256', secrets.signing.key('api-key')).update(`create\0${what}\0${commandId}`).digest('hex');
  const lookupId = base62(BigInt(`0x${draw('look-up id')}`) % 62n ** 8n, 8);
  const unchecked = `lgr_live_${lookupId}_${base62(BigInt(`0x${draw('secret')}`), 43)}`;
  return { text: unchecked + checksum(unchecked), lookupId, hint: `lgr_live_${lookupId}` };
};

/** The key that `text` is, or null when it has not the form or the checksum of one: decided without the database. */
export const parseApiKey = (text: string): ApiKey | null => {
  const lookupId = shape.exec(text)?.[1];
  if (lookupId === undefined || checksum(text.slice(0, -6)) !== text.slice(-6)) return null;
  return { text, lookupId, hint: `lgr_live_${lookupId}` };
};

/** The hash to store for a new key, and which secret made it. */
export const hashApiKey = (secrets: Secrets, text: string): { readonly hash: Buffer; readonly secretId: string } => ({
  hash: createHmac('sha256', secrets.signing.key('api-key')).update(text).digest(),
  secretId: secrets.signing.id,
});

/** True when `text` is the key stored as `hash` under `secretId`. Takes the same time wherever they differ. */
export const isApiKey = (secrets: Secrets, text: string, stored: { hash: Buffer; secretId: string }): boolean => {
  const secret = secretById(secrets, stored.secretId);
  if (secret === undefined) return false;
  const hash = createHmac('sha256', secret.key('api-key')).update(text).digest();
  return hash.length === stored.hash.length && timingSafeEqual(hash, stored.hash);
};

const checksum = (text: string): string => base62(BigInt(crc32(text)), 6);
