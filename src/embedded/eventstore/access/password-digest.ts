import { createHash, timingSafeEqual } from 'node:crypto';

/** Returns the digest that is stored in place of a password of 256 random bits. It has 32 bytes. */
export const digestOf = (password: string): Buffer => createHash('sha256').update(password).digest();

/** Compares two digests in a time that does not depend on where they differ. */
export const isSameDigest = (one: Uint8Array, other: Uint8Array): boolean =>
  one.byteLength === other.byteLength && timingSafeEqual(one, other);
