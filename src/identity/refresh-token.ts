import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Secret, Secrets } from './secrets.ts';

const prefix = 'lgr_rt_';
const shape = /^lgr_rt_[A-Za-z0-9_-]{43}$/;

/** Returns the first refresh token of a session: 256 random bits. Send it once and never store it. */
export const createRefreshToken = (): string => prefix + randomBytes(32).toString('base64url');

/** Returns true for text with the form of a refresh token. Needs no database. */
export const isRefreshToken = (text: string): boolean => shape.test(text);

/** Returns the hash to store for a refresh token. Without the secret nobody can tell a token by it. */
export const hashRefreshToken = ({ signing }: Secrets, token: string): Buffer => keyedHash(signing, token);

/**
 * Returns every hash that a refresh token may be stored with. The last one is that of earlier builds, a plain SHA-256.
 * Their sessions end within 90 days of the upgrade, and a release after that can drop it.
 */
export const refreshTokenHashes = ({ all }: Secrets, token: string): readonly Buffer[] => [
  ...all.map((secret) => keyedHash(secret, token)),
  createHash('sha256').update(token).digest(),
];

const keyedHash = (secret: Secret, token: string): Buffer =>
  createHmac('sha256', secret.key('refresh-token')).update(token).digest();

/**
 * Returns the successor of the token `parent` for each configured secret, the signing one first. It is derived from the
 * parent and the secret, so the server can repeat a lost answer without having stored the token.
 */
export const successorsOf = (secrets: Secrets, parent: string): readonly string[] =>
  secrets.all.map(
    (secret) =>
      prefix + createHmac('sha256', secret.key('idempotency')).update(`refresh\0${parent}`).digest('base64url'),
  );
