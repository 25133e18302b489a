import { InvalidProof, mustBe } from '../invalid.ts';

/** Returns the bytes of all parts, one after another. */
export const joinBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

/** Returns true when both have the same bytes. */
export const isSameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

/** Returns the UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The most bytes or characters of a file. The largest event and the largest note have about half of that. */
export const fileLengthMax = 2_000_000;

/**
 * Returns the text of UTF-8 bytes. Throws InvalidProof for other bytes, and for more than `fileLengthMax`; `what` names
 * them in the message.
 */
export const textOf = (bytes: Uint8Array, what: string): string => {
  mustBe(bytes.length <= fileLengthMax, `${what} has more than ${fileLengthMax} bytes.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidProof(`${what} is not UTF-8 text.`);
    throw error;
  }
};

/** Returns bytes as lower-case hex digits. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
