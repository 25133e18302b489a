import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Secrets } from './secrets.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const bodyLength = 26;
const checkLength = 4;
const groupLength = 5;

/** Makes a new key's body from 130 random bits: 26 symbols without the check. */
export const generateLicenseKeyBody = (): string => {
  const bytes = randomBytes(bodyLength);
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  return Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('');
};

/** The key as it is shown, once: `PREFIX-` and six groups of five, the last four symbols being the check. */
export const formatLicenseKey = (prefix: string, body: string): string => {
  const symbols = body + checkSymbols(body);
  const groups = Array.from({ length: symbols.length / groupLength }, (_, group) =>
    symbols.slice(group * groupLength, (group + 1) * groupLength),
  );
  return [prefix, ...groups].join('-');
};

/**
 * The body of a key as a person or program wrote it, or null when it is malformed or mistyped. Case, spaces, dashes and the
 * look-alikes O, I, L do not matter; any prefix up to the first dash is dropped.
 */
export const parseLicenseKey = (text: string): string | null => {
  // The longest prefix, the symbols and generous separators; what is longer is not worth a look.
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

/** The last shown group: enough to recognize a key by, too little to use it. */
export const licenseKeyHint = (body: string): string => (body + checkSymbols(body)).slice(-groupLength);

/** The hash to store for a new key, and which secret made it. */
export const hashLicenseKey = (
  secrets: Secrets,
  body: string,
): { readonly hash: Buffer; readonly secretId: string } => ({
  hash: createHmac('sha256', secrets.signing.key('license-key')).update(body, 'ascii').digest(),
  secretId: secrets.signing.id,
});

/** The hashes a key may be stored under, one per configured secret, newest first. */
export const licenseKeyHashes = (secrets: Secrets, body: string): Buffer[] =>
  secrets.all.map((secret) => createHmac('sha256', secret.key('license-key')).update(body, 'ascii').digest());

/** The first 20 bits of SHA-256 of the body as four symbols: catches all but one in a million typing errors. */
const checkSymbols = (body: string): string => {
  const bits = createHash('sha256').update(body, 'ascii').digest().readUIntBE(0, 3) >>> 4;
  return Array.from({ length: checkLength }, (_, place) => alphabet.charAt((bits >>> (15 - 5 * place)) & 31)).join('');
};
