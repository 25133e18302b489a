import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret, Secrets } from '../identity/secrets.ts';

const signatureBytes = 16;

/**
 * A place in a list as an opaque text. `listing` names the list and its filters: a cursor holds for that list only, and
 * nobody can make one.
 */
export const encodeCursor = (secrets: Secrets, listing: string, place: string): string => {
  const signature = sign(secrets.signing, listing, place);
  return Buffer.concat([signature, Buffer.from(place)]).toString('base64url');
};

/** The place a cursor stands for, or null when it was not made by us for this list. */
export const decodeCursor = (secrets: Secrets, listing: string, cursor: string): string | null => {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= signatureBytes) return null;
  const place = bytes.toString('utf8', signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  return secrets.all.some((secret) => timingSafeEqual(sign(secret, listing, place), signature)) ? place : null;
};

const sign = (secret: Secret, listing: string, place: string): Buffer =>
  createHmac('sha256', secret.key('cursor')).update(`${listing}\0${place}`).digest().subarray(0, signatureBytes);
