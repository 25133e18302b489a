import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Secrets } from './secrets.ts';

const prefix = 'lgr_rt_';
const shape = /^lgr_rt_[A-Za-z0-9_-]{43}$/;

/** Makes the first refresh token of a session: 256 random bits. To be shown once and never stored. */
export const createRefreshToken = (): string => prefix + randomBytes(32).toString('base64url');

/** True for text that could be a refresh token: decided without the database. */
export const isRefreshToken = (text: string): boolean => shape.test(text);

/** What is stored of a refresh token. */
export const hashRefreshToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * The token that follows `parent`, one for each configured secret, the signing one first. It follows from the parent and
 * the secret, so that an answer that was lost can be given again without the token's having been stored.
 */
export const successorsOf = (secrets: Secrets, parent: string): readonly string[] =>
  secrets.all.map(
    (secret) =>
      prefix + createHmac('sha256', secret.key('idempotency')).update(`refresh\0${parent}`).digest('base64url'),
  );
