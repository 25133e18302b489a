import { createHmac, hash, randomBytes } from 'node:crypto';
import { bodyLength, keyAlphabet, pastedSymbols, symbolsOfBits } from '../domain/license-key-symbols.ts';
import type { Secrets } from './secrets.ts';

const groupLength = 5;

/** Returns the body of a new key: 26 symbols of 130 random bits, without the check symbols. */
export const generateLicenseKeyBody = (): string => {
  const bytes = randomBytes(bodyLength);
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  return Array.from(bytes, (byte) => keyAlphabet.charAt(byte & 31)).join('');
};

/** Returns the text of a key: `PREFIX-` and six groups of five symbols. The last four are the check symbols. */
export const formatLicenseKey = (prefix: string, body: string): string => {
  const symbols = body + checkSymbols(body);
  const groups = Array.from({ length: symbols.length / groupLength }, (_, group) =>
    symbols.slice(group * groupLength, (group + 1) * groupLength),
  );
  return [prefix, ...groups].join('-');
};

/** The greatest length of a text that can be a license key, in UTF-16 code units. */
export const licenseKeyTextMax = 256;

/**
 * Returns the body of a key as a person pasted it, or null when the text is no key or is mistyped. A key is 30 symbols
 * with right check symbols, with or without a prefix before them. Case, white space, dashes, invisible characters,
 * surrounding quotes and brackets, a bullet in front and punctuation at the end do not matter, and full-width letters
 * are read as plain ones. Reads O as 0, and I and L as 1.
 */
export const parseLicenseKey = (text: string): string | null => {
  if (text.length > licenseKeyTextMax) return null;
  // Programs send keys as they were issued, thousands a second.
  const symbols = issuedKey.test(text) ? text.slice(-shownLength).replaceAll('-', '') : pastedSymbols(text);
  if (symbols === null) return null;
  const body = symbols.slice(0, bodyLength);
  return symbols.slice(bodyLength) === checkSymbols(body) ? body : null;
};

/** Returns one text for all spellings of a key, and another text as it is. */
export const oneSpellingOf = (text: string): string => {
  if (issuedKey.test(text)) return text.slice(-shownLength);
  const body = parseLicenseKey(text);
  return body === null ? text : formatLicenseKey('', body).slice(1);
};

const issuedKey = /^[0-9A-Z]{2,10}(?:-[0-9A-HJKMNP-TV-Z]{5}){6}$/;
// Six groups with the dashes between them.
const shownLength = 35;

/** Returns the last group of a key. It identifies the key to a person and cannot be used as one. */
export const licenseKeyHint = (body: string): string => (body + checkSymbols(body)).slice(-groupLength);

/**
 * Returns the last group of a key as a person typed it, or copied it from `keyHint` of a license, in the form of
 * `licenseKeyHint`. Returns null for another text.
 */
export const parseKeyHint = (text: string): string | null => {
  const typed = text.trim().replace(/^(?:…|\.{3})/, '');
  const hint = typed.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return keyHint.test(hint) ? hint : null;
};

const keyHint = /^[0-9A-HJKMNP-TV-Z]{5}$/;

/** Returns the hash to store for a new key, and the id of the secret that it was computed with. */
export const hashLicenseKey = (
  secrets: Secrets,
  body: string,
): { readonly hash: Buffer; readonly secretId: string } => ({
  hash: createHmac('sha256', secrets.signing.key('license-key')).update(body, 'ascii').digest(),
  secretId: secrets.signing.id,
});

/** Returns the hashes that a key may be stored under, one per configured secret, the newest first. */
export const licenseKeyHashes = (secrets: Secrets, body: string): Buffer[] =>
  secrets.all.map((secret) => createHmac('sha256', secret.key('license-key')).update(body, 'ascii').digest());

/** Returns the check symbols of a body. One typing error in a million passes. */
const checkSymbols = (body: string): string => symbolsOfBits(hash('sha256', body, 'hex'));
