import { hkdfSync } from 'node:crypto';

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

/** A configured secret. `id` names it in stored rows and events without revealing it. */
export type Secret = { readonly id: string; readonly key: (purpose: Purpose) => Buffer };

/** All configured secrets. `signing` creates new values. Each of `all` verifies old values. */
export type Secrets = { readonly signing: Secret; readonly all: readonly Secret[] };

const secretBytesMin = 32;
const keyBytes = 32;

/**
 * Parses LEDGER_SECRET: base64 secrets of at least 32 bytes, comma-separated, the signing one first. Throws an Error
 * that does not contain the value.
 */
export const parseSecrets = (text: string): Secrets => {
  const all = text.split(',').map((encoded, index) => secretFrom(encoded.trim(), index + 1));
  const [signing] = all;
  if (signing === undefined) throw new Error('LEDGER_SECRET is empty.');
  return { signing, all };
};

/** Returns the secret with this id, or undefined when it is no longer configured. */
export const secretById = (secrets: Secrets, id: string): Secret | undefined =>
  secrets.all.find((secret) => secret.id === id);

const secretFrom = (encoded: string, place: number): Secret => {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) {
    throw new Error(`LEDGER_SECRET: value ${place} is not base64. Create one with: openssl rand -base64 32`);
  }
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < secretBytesMin) {
    throw new Error(
      `LEDGER_SECRET: value ${place} has ${bytes.length} bytes, at least ${secretBytesMin} are needed. Create one with: openssl rand -base64 32`,
    );
  }
  const keys = new Map(purposes.map((purpose) => [purpose, derive(bytes, purpose)] as const));
  return {
    id: derive(bytes, 'secret-id').toString('hex', 0, 4),
    key: (purpose) => keys.get(purpose) ?? derive(bytes, purpose),
  };
};

const derive = (secret: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', info, keyBytes));
