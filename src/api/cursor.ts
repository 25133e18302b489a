import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret, Secrets } from '../identity/secrets.ts';

const signatureBytes = 16;

/**
 * Returns a place in a list as an opaque, signed text. `listing` names the list and its filters. The cursor works only
 * for that list.
 */
export const encodeCursor = (secrets: Secrets, listing: string, place: string): string => {
  const signature = sign(secrets.signing, listing, place);
  return Buffer.concat([signature, Buffer.from(place)]).toString('base64url');
};

/** Returns the place of a cursor, or null when this server did not create it for this list. */
export const decodeCursor = (secrets: Secrets, listing: string, cursor: string): string | null => {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= signatureBytes) return null;
  const place = bytes.toString('utf8', signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  return secrets.all.some((secret) => timingSafeEqual(sign(secret, listing, place), signature)) ? place : null;
};

const sign = (secret: Secret, listing: string, place: string): Buffer =>
  createHmac('sha256', secret.key('cursor')).update(`${listing}\0${place}`).digest().subarray(0, signatureBytes);
