import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import argon2 from 'argon2';
import pLimit from 'p-limit';
import { refuseWithConnection } from '../async/connection-watch.ts';

/** Thrown when too many passwords wait to be checked. Nothing was decided. Retry after `retryAfterSeconds`. */
export class TooManyLogins extends Error {
  override readonly name = 'TooManyLogins';
  readonly retryAfterSeconds = 2;
}

/** The result of a check. `right_but_outdated` means that the hash is cheaper than new ones and should be replaced. */
export type PasswordCheck = 'wrong' | 'right' | 'right_but_outdated';

/** Hashes and checks passwords with argon2id. */
export type Passwords = {
  /** Returns the text to store. Throws TooManyLogins. */
  hash(password: string): Promise<string>;
  /** Checks a password. A null hash stands for an unknown user, takes as long and is wrong. Throws TooManyLogins. */
  verify(hash: string | null, password: string): Promise<PasswordCheck>;
};

/** The work of one hash: memory in KiB, passes over it, and threads. */
export type PasswordCost = { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number };

// The parameters that OWASP recommends: 19 MiB, two passes, parallelism 1. A hash takes about 40 ms.
const recommended: PasswordCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const saltBytes = 16;
const hashBytes = 32;

const runningMax = 2;
const waitingMax = 32;

/**
 * Hashes at most two passwords at once, because each takes one of the four threads that files and DNS need too. Leaves
 * a core to other work where there is another one. Another 32 may wait. A further call throws TooManyLogins at once.
 * Only tests give another `cost`.
 */
export const createPasswords = ({
  cores = availableParallelism(),
  cost = recommended,
}: {
  readonly cores?: number;
  readonly cost?: PasswordCost;
} = {}): Passwords => {
  const inTurn = takeTurns(Math.max(1, Math.min(runningMax, cores - 1)));
  // This hash costs as much as a real one, and no password matches it.
  const unmatchedHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${unpadded(saltBytes)}$${unpadded(hashBytes)}`;

  return {
    hash: (password) =>
      inTurn(() => argon2.hash(bytesOf(password), { ...cost, type: argon2.argon2id, hashLength: hashBytes })),
    verify: (hash, password) =>
      inTurn(async () => {
        const right = await argon2.verify(hash ?? unmatchedHash, bytesOf(password));
        if (!right || hash === null) return 'wrong';
        return argon2.needsRehash(hash, cost) ? 'right_but_outdated' : 'right';
      }),
  };
};

/** The least and the most characters of a new password. Earlier builds accepted shorter ones, which still work. */
export const passwordCharacters = { min: 10, max: 256 };

/** Returns a sentence that says why a new password is refused, or null. No kind of character is required. */
export const passwordFault = (password: string): string | null => {
  const { min, max } = passwordCharacters;
  const characters = [...password].length;
  if (characters < min || characters > max)
    return `A password has ${min} to ${max} characters; this one has ${characters}.`;
  const folded = fold(password);
  if (new Set(folded).size === 1) return 'This password repeats one character. Choose another.';
  if (commonPasswords().has(folded))
    return 'This password is one of the most common ones, which attackers try first. Choose another.';
  return null;
};

/** Returns true for a password that is the user's own e-mail address, or the part of it before the @. */
export const isOwnAddress = (password: string, email: string): boolean => {
  const [folded, address] = [fold(password), fold(email)];
  return folded === address || folded === address.slice(0, address.lastIndexOf('@'));
};

/** Makes passwords equal that differ only in case or in the Unicode encoding of their characters. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

let common: ReadonlySet<string> | undefined;

/**
 * Returns the 49,233 most frequent passwords that leaked, without those that are too short anyway. The list is in lower
 * case. The first call loads it, so that neither a start nor a command waits for it.
 */
const commonPasswords = (): ReadonlySet<string> => {
  common ??= new Set(
    loadPasswords()
      .filter((password) => password.length >= passwordCharacters.min)
      .map(fold),
  );
  return common;
};

const loadPasswords = (): readonly string[] => {
  const require = createRequire(import.meta.url);
  const { dictionary }: typeof import('@zxcvbn-ts/language-common') = require('@zxcvbn-ts/language-common');
  return dictionary['passwords-common'];
};

/** Runs work in the order of the calls, so many at once. */
const takeTurns = (atOnce: number) => {
  const limit = pLimit(atOnce);
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    refuseWithConnection('hash a password');
    if (limit.pendingCount >= waitingMax)
      throw new TooManyLogins('Too many passwords are being checked at this moment.');
    return limit(work);
  };
};

// A character such as é has several encodings, and keyboards differ in which one they send.
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'));

const unpadded = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '');
