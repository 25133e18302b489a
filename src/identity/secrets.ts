import { hkdfSync, randomBytes } from 'node:crypto';

const purposes = [
  'license-key',
  'fingerprint',
  'api-key',
  'cursor',
  'idempotency',
  'refresh-token',
  'mailed-token',
  'device-token',
] as const;

/** The purpose of a derived key. Each purpose has its own key. */
export type Purpose = (typeof purposes)[number];

/**
 * A configured secret. `id` names it in stored rows and events without revealing it. `check`, 16 bytes, tells whether another
 * secret is the same one, and reveals as little.
 */
export type Secret = { readonly id: string; readonly check: Buffer; readonly key: (purpose: Purpose) => Buffer };

/** All configured secrets. `signing` creates new values. Each of `all` verifies old values. */
export type Secrets = { readonly signing: Secret; readonly all: readonly Secret[] };

const secretBytesMin = 32;
const keyBytes = 32;
const checkBytes = 16;

/**
 * Parses LEDGER_SECRET: base64 secrets of at least 32 bytes, comma-separated, the signing one first. Throws an Error
 * that names `place`, the variable or the file, and does not contain the value.
 */
export const parseSecrets = (text: string, place = 'LEDGER_SECRET'): Secrets => {
  const all = text.split(',').map((encoded, index) => secretFrom(encoded.trim(), `${place}: value ${index + 1}`));
  const [signing] = all;
  if (signing === undefined) throw new Error(`${place} is empty.`);
  return { signing, all };
};

/** Returns a new random secret in base64. */
export const newSecret = (): string => randomBytes(secretBytesMin).toString('base64');

/** Returns the secret with this id, or undefined when it is no longer configured. */
export const secretById = (secrets: Secrets, id: string): Secret | undefined =>
  secrets.all.find((secret) => secret.id === id);

const secretFrom = (encoded: string, value: string): Secret => {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) {
    throw new Error(`${value} is not base64. Create one with: openssl rand -base64 32`);
  }
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < secretBytesMin) {
    throw new Error(
      `${value} has ${bytes.length} bytes, at least ${secretBytesMin} are needed. Create one with: openssl rand -base64 32`,
    );
  }
  const keys = new Map(purposes.map((purpose) => [purpose, derive(bytes, purpose)] as const));
  return {
    id: derive(bytes, 'secret-id').toString('hex', 0, 4),
    check: derive(bytes, 'secret-check').subarray(0, checkBytes),
    key: (purpose) => keys.get(purpose) ?? derive(bytes, purpose),
  };
};

const derive = (secret: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', info, keyBytes));
