import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import pLimit from 'p-limit';
import { isCommonPassword } from './common-passwords.ts';

/** Too many passwords wait to be checked. Nothing was decided; trying again after `retryAfterSeconds` makes sense. */
export class TooManyLogins extends Error {
  override readonly name = 'TooManyLogins';
  readonly retryAfterSeconds = 2;
}

/** Whether a password is that of a hash; outdated when the hash is cheaper than new ones and should be replaced. */
export type PasswordCheck = 'wrong' | 'right' | 'right_but_outdated';

/** Hashes and checks passwords with argon2id. */
export type Passwords = {
  /** The text to store. Throws TooManyLogins. */
  hash(password: string): Promise<string>;
  /** Checks against a stored hash; null, for no such user, takes as long and is always wrong. Throws TooManyLogins. */
  verify(hash: string | null, password: string): Promise<PasswordCheck>;
};

// OWASP's figures: 19 MiB, two passes, one lane; about 40 ms.
const cost = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const saltBytes = 16;
const hashBytes = 32;

const runningMax = 2;
const waitingMax = 32;

/**
 * At most two passwords are hashed at once, whatever comes in: each takes one of the four threads that files and name
 * look-ups need too. 32 more may wait; whoever comes then gets TooManyLogins at once.
 */
export const createPasswords = (): Passwords => {
  const inTurn = takeTurns();
  // Of the same cost as a real one, and of no password.
  const nobodys = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${unpadded(saltBytes)}$${unpadded(hashBytes)}`;

  return {
    hash: (password) => inTurn(() => argon2.hash(bytesOf(password), { ...cost, hashLength: hashBytes })),
    verify: (hash, password) =>
      inTurn(async () => {
        const right = await argon2.verify(hash ?? nobodys, bytesOf(password));
        if (!right || hash === null) return 'wrong';
        return argon2.needsRehash(hash, cost) ? 'right_but_outdated' : 'right';
      }),
  };
};

const charactersMin = 8;
const charactersMax = 256;

/** Why a password cannot be chosen, as a sentence for the person; null when it can. Every character counts, none is prescribed. */
export const passwordFault = (password: string): string | null => {
  const characters = [...password].length;
  if (characters < charactersMin || characters > charactersMax) {
    return `A password has ${charactersMin} to ${charactersMax} characters; this one has ${characters}.`;
  }
  if (isCommonPassword(password))
    return 'This password is among the commonest ones, which are tried first: choose another.';
  return null;
};

/** Runs works in the order they came. */
const takeTurns = () => {
  const limit = pLimit(runningMax);
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (limit.pendingCount >= waitingMax) throw new TooManyLogins('Too many passwords are being checked just now.');
    return limit(work);
  };
};

// The same characters have several codings (é), and keyboards differ in which they send.
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'));

const unpadded = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '');
