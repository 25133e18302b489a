import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Accounts } from '../../api/auth/needs.ts';
import type { Config } from '../../config.ts';
import type { UntilProjected } from '../../identity/access-changes.ts';
import { createAccessTokens } from '../../identity/access-token.ts';
import { type AuthenticateUser, createAuthenticateUser } from '../../identity/authenticate-user.ts';
import { openKeyRing } from '../../identity/key-ring.ts';
import { createPasswords } from '../../identity/passwords.ts';

type Needs = {
  readonly pool: Pool;
  readonly now: () => Date;
  readonly log: Logger;
  readonly untilProjected: UntilProjected;
};

/** What users sign in with, as configured, and how their access tokens are checked. Throws what is wrong with the keys. */
export const openAccounts = async (
  { jwtKeysDir, accessTokenSeconds, refreshTokenSeconds, signupPolicy }: Config,
  { pool, now, log, untilProjected }: Needs,
): Promise<{ readonly accounts: Accounts; readonly user: AuthenticateUser; readonly close: () => Promise<void> }> => {
  const ring = await openKeyRing({ directory: jwtKeysDir, now, warn: (sentence) => log.error(sentence) });
  const nowMs = () => now().getTime();
  const { signAccessToken, verifyAccessToken } = createAccessTokens({ ring, accessTokenSeconds, nowMs });
  const { authenticate: user, ...forgetting } = createAuthenticateUser({
    pool,
    verifyAccessToken,
    nowMs,
    untilProjected,
  });
  const { jwks } = ring;
  return {
    accounts: { passwords: createPasswords(), signAccessToken, refreshTokenSeconds, jwks, forgetting, signupPolicy },
    user,
    close: async () => ring.close(),
  };
};

/** For tools: nobody can sign in. */
export const noAccounts: Accounts = {
  passwords: createPasswords(),
  signAccessToken: () => {
    throw new Error('There are no keys to sign with here.');
  },
  refreshTokenSeconds: 0,
  jwks: () => ({ keys: [] }),
  forgetting: { forget: () => undefined, forgetUser: () => undefined },
  signupPolicy: null,
};
