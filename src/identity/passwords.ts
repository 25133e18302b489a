import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { createFairQueue, NotBegun } from '../async/fair-queue.ts';
import { isCommonPassword } from './common-passwords.ts';

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

// The parameters that OWASP recommends: 19 MiB, two passes, parallelism 1. A hash takes about 40 ms.
const cost = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const saltBytes = 16;
const hashBytes = 32;

/** The client that a password is hashed for: an address, or a device or session that has signed in before. */
export type HashingFor = { readonly address: string } | { readonly device: string };

/** Hashes and checks passwords for clients in fair turns. Without a client, all calls are of one. */
export type PasswordQueues = Passwords & { readonly from: (client: HashingFor) => Passwords };

// Each hash takes one of the four threads that files and DNS need too. At most three run at once.
const strangers = { runningMax: 2, runningMaxPerKey: 2, waitingMax: 64, waitingMaxPerKey: 32, waitMsMax: 2_000 };
const devices = { ...strangers, runningMax: 1, runningMaxPerKey: 1 };

/**
 * Hashes few passwords at once. Addresses take turns, and devices have a queue of their own, so a flood of logins from
 * elsewhere does not keep them out. Throws TooManyLogins for a password that would wait too long.
 */
export const createPasswords = (): PasswordQueues => {
  const [ofStrangers, ofDevices] = [createFairQueue(strangers), createFairQueue(devices)];
  const from = (client: HashingFor): Passwords =>
    'device' in client
      ? hashing((work) => orTooMany(ofDevices.run(client.device, work)))
      : hashing((work) => orTooMany(ofStrangers.run(client.address, work)));
  return { ...from({ address: '' }), from };
};

type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

const hashing = (inTurn: InTurn): Passwords => {
  // This hash costs as much as a real one, and no password matches it.
  const unmatchedHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${unpadded(saltBytes)}$${unpadded(hashBytes)}`;

  return {
    hash: (password) => inTurn(() => argon2.hash(bytesOf(password), { ...cost, hashLength: hashBytes })),
    verify: (hash, password) =>
      inTurn(async () => {
        const right = await argon2.verify(hash ?? unmatchedHash, bytesOf(password));
        if (!right || hash === null) return 'wrong';
        return argon2.needsRehash(hash, cost) ? 'right_but_outdated' : 'right';
      }),
  };
};

const charactersMin = 8;
const charactersMax = 256;

/** Returns a sentence that says why a password is refused, or null. No kind of character is required. */
export const passwordFault = (password: string): string | null => {
  const characters = [...password].length;
  if (characters < charactersMin || characters > charactersMax) {
    return `A password has ${charactersMin} to ${charactersMax} characters; this one has ${characters}.`;
  }
  if (isCommonPassword(password))
    return 'This password is one of the most common ones, which attackers try first. Choose another.';
  return null;
};

const orTooMany = async <Result>(result: Promise<Result>): Promise<Result> => {
  try {
    return await result;
  } catch (error) {
    if (error instanceof NotBegun) throw new TooManyLogins('Too many passwords are being checked at this moment.');
    throw error;
  }
};

// A character such as é has several encodings, and keyboards differ in which one they send.
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'));

const unpadded = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '');
