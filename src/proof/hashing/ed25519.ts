import { isSameBytes, joinBytes } from '../text/bytes.ts';
import {
  addMultiples,
  basePoint,
  decodePoint,
  encodePoint,
  groupOrder,
  isOfSmallOrder,
  littleEndian,
  negate,
} from './edwards25519.ts';
import { sha512 } from './sha512.ts';

/**
 * Returns true when the signature of RFC 8032 is of this message and key. Like OpenSSL it refuses S not below the group
 * order and compares R byte by byte. It also refuses keys that `isUsableKey` refuses. Takes milliseconds.
 */
export const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (signature.length !== 64) return false;
  const key = usableKey(publicKey);
  const s = littleEndian(signature.subarray(32));
  if (key === null || s >= groupOrder) return false;
  const r = signature.subarray(0, 32);
  const k = littleEndian(sha512(joinBytes(r, publicKey, message))) % groupOrder;
  return isSameBytes(encodePoint(addMultiples([s, basePoint], [k, negate(key)])), r);
};

/**
 * Returns true for 32 bytes that encode a point in the only way, and not one of the eight points of small order. A
 * signature of such a point would be of any message.
 */
export const isUsableKey = (publicKey: Uint8Array): boolean => usableKey(publicKey) !== null;

const usableKey = (publicKey: Uint8Array) => {
  const point = decodePoint(publicKey);
  return point === null || isOfSmallOrder(point) ? null : point;
};
