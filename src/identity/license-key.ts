import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Secrets } from './secrets.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const bodyLength = 26;
const checkLength = 4;
const groupLength = 5;

/** Returns the body of a new key: 26 symbols of 130 random bits, without the check symbols. */
export const generateLicenseKeyBody = (): string => {
  const bytes = randomBytes(bodyLength);
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  return Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('');
};

/** Returns the text of a key: `PREFIX-` and six groups of five symbols. The last four are the check symbols. */
export const formatLicenseKey = (prefix: string, body: string): string => {
  const symbols = body + checkSymbols(body);
  const groups = Array.from({ length: symbols.length / groupLength }, (_, group) =>
    symbols.slice(group * groupLength, (group + 1) * groupLength),
  );
  return [prefix, ...groups].join('-');
};

/**
 * Returns the body of a typed key, or null when the key is malformed or mistyped. Ignores case, spaces, dashes and any
 * prefix up to the first dash. Reads O as 0, and I and L as 1.
 */
export const parseLicenseKey = (text: string): string | null => {
  // The longest prefix, the symbols and many separators fit into 100 characters.
  if (text.length > 100) return null;
  const upper = text.toUpperCase();
  const symbols = upper
    .slice(upper.indexOf('-') + 1)
    .replace(/[\s-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  if (!/^[0-9A-HJKMNP-TV-Z]{30}$/.test(symbols)) return null;
  const body = symbols.slice(0, bodyLength);
  return symbols.slice(bodyLength) === checkSymbols(body) ? body : null;
};

/** Returns the last group of a key. It identifies the key to a person and cannot be used as one. */
export const licenseKeyHint = (body: string): string => (body + checkSymbols(body)).slice(-groupLength);

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

/** Returns the first 20 bits of SHA-256 of the body as four symbols. One typing error in a million passes. */
const checkSymbols = (body: string): string => {
  const bits = createHash('sha256').update(body, 'ascii').digest().readUIntBE(0, 3) >>> 4;
  return Array.from({ length: checkLength }, (_, place) => alphabet.charAt((bits >>> (15 - 5 * place)) & 31)).join('');
};
