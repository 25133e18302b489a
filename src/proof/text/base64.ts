import { mustBe } from '../invalid.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const valuesByDigit = new Map(Array.from(alphabet, (digit, value) => [digit, value]));

/** Returns the base64 text of bytes: the standard alphabet, with padding. */
export const encodeBase64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const bits = (first << 16) | (second << 8) | third;
    const digits = [18, 12, 6, 0].map((shift) => alphabet[(bits >> shift) & 63]).join('');
    const count = Math.min(bytes.length - at, 3) + 1;
    text += digits.slice(0, count).padEnd(4, '=');
  }
  return text;
};

/**
 * Returns the bytes of a base64 text in its only form: no space, full padding, and zeros in the bits that no byte uses.
 * Throws InvalidProof otherwise; `what` names the text in the message.
 */
export const decodeBase64 = (text: string, what: string): Uint8Array => {
  const digits = text.replace(/={0,2}$/, '');
  const values = Array.from(digits, (digit) => valuesByDigit.get(digit));
  const isWellFormed = text.length % 4 === 0 && text.length - digits.length === (4 - (digits.length % 4)) % 4;
  mustBe(isWellFormed && !values.includes(undefined), `${what} is not base64.`);
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  for (let index = 0; index < bytes.length; index++) {
    const at = Math.floor((index * 4) / 3);
    const bits = ((values[at] ?? 0) << 6) | (values[at + 1] ?? 0);
    bytes[index] = bits >> (4 - 2 * (index % 3));
  }
  mustBe(encodeBase64(bytes) === text, `${what} is base64 in another than its only form.`);
  return bytes;
};

/** Returns the 32 bytes of a hash in base64. Throws InvalidProof for another length or form. */
export const decodeHash = (text: string, what: string): Uint8Array => {
  const hash = decodeBase64(text, what);
  mustBe(hash.length === 32, `${what} has ${hash.length} bytes, and a hash has 32.`);
  return hash;
};
