import { isProblem, type Problem } from '../problems/problems.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { refusalOf } from './verdict.ts';

/**
 * A try of a password. A device, by the hash of its valid token, or a session counts its own tries. Every other try
 * counts for the account, which is a pseudonym, and for its place in the network.
 */
export type PasswordTry = { readonly device: string } | { readonly account: string };

/** Counts the tries of passwords. Only wrong passwords stay counted. */
export type PasswordTries = {
  /** Counts a try of a password. `takeBackTry` takes it back unless the password was wrong. */
  readonly takeTry: (attempt: PasswordTry) => Promise<Problem | null>;
  /** Takes a counted try back, because its password was right or was not checked. */
  readonly takeBackTry: (attempt: PasswordTry) => Promise<void>;
  /**
   * Forgets the failures from this place, and those that count for the whole account. For the holder of a mailed token who sets a
   * new password, so that the way in without a device token is open again from here.
   */
  readonly reopenAccount: (account: string) => Promise<void>;
};

/**
 * Returns the counts of tries from `place`. A place that is refused does not count for the account, so one place cannot
 * close the way in for all. No answer shows the counts in its headers, because they would reveal what others have tried.
 */
export const createPasswordTries = (limiter: RateLimiter, place: string): PasswordTries => {
  const placeKey = (account: string) => `${account} ${place}`;
  return {
    takeTry: async (attempt) => {
      if ('device' in attempt) return refusalOf(await limiter.take('login_device', attempt.device));
      const { account } = attempt;
      const fromPlace = refusalOf(await limiter.take('login_place', placeKey(account)));
      if (fromPlace !== null) return withoutDevice(fromPlace);
      const fromAll = refusalOf(await limiter.take('login_account', account));
      if (fromAll === null) return null;
      await limiter.takeBack('login_place', placeKey(account));
      return withoutDevice(fromAll);
    },
    takeBackTry: async (attempt) => {
      if ('device' in attempt) return limiter.takeBack('login_device', attempt.device);
      const { account } = attempt;
      await Promise.all([
        limiter.takeBack('login_place', placeKey(account)),
        limiter.takeBack('login_account', account),
      ]);
    },
    reopenAccount: async (account) => {
      await Promise.all([limiter.forget('login_place', placeKey(account)), limiter.forget('login_account', account)]);
    },
  };
};

/**
 * Does `work`, which checks a password, when the limits of the try allow it. The try stays counted when `work` answers
 * with a problem. When `work` throws, nothing was decided, and the try does not count.
 */
export const countingFailures = async <Answer extends object>(
  tries: PasswordTries,
  attempt: PasswordTry,
  work: () => Promise<Answer | Problem>,
): Promise<Answer | Problem> => {
  const refusal = await tries.takeTry(attempt);
  if (refusal !== null) return refusal;
  let isFailure = false;
  try {
    const answer = await work();
    isFailure = isProblem(answer);
    return answer;
  } finally {
    if (!isFailure) await tries.takeBackTry(attempt);
  }
};

/** Says what still works while an account is closed for unknown devices. It says the same for unknown accounts. */
const withoutDevice = (refusal: Problem): Problem => ({
  ...refusal,
  detail: `${refusal.detail} A device that has signed in before still gets in: send its deviceToken. Otherwise reset the password.`,
});
