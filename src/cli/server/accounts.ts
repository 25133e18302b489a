import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Accounts } from '../../api/auth/auth-needs.ts';
import type { Config } from '../../config.ts';
import type { UntilProjected } from '../../identity/access/access-changes.ts';
import type { AccessNotices } from '../../identity/access/access-notices.ts';
import { createAccessTokens } from '../../identity/access-token.ts';
import { type AuthenticateUser, createAuthenticateUser } from '../../identity/authenticate-user.ts';
import { openKeyRing } from '../../identity/key-ring.ts';
import { createPasswords } from '../../identity/passwords.ts';

type Needs = {
  readonly pool: Pool;
  readonly now: () => Date;
  readonly log: Logger;
  readonly untilProjected: UntilProjected;
  readonly notices: AccessNotices;
};

/** Opens what users sign in with, and what checks their access tokens. Throws when a key file is faulty. */
export const openAccounts = async (
  { jwtKeysDir, accessTokenSeconds, refreshTokenSeconds, signupPolicy, signupMode, defaultTier }: Config,
  { pool, now, log, untilProjected, notices }: Needs,
): Promise<{ readonly accounts: Accounts; readonly user: AuthenticateUser; readonly close: () => Promise<void> }> => {
  const ring = await openKeyRing({ directory: jwtKeysDir, now, warn: (sentence) => log.error(sentence) });
  const nowMs = () => now().getTime();
  const { signAccessToken, verifyAccessToken } = createAccessTokens({ ring, accessTokenSeconds, nowMs });
  const user = createAuthenticateUser({ pool, verifyAccessToken, nowMs, untilProjected, notices });
  const forgetting = { forget: notices.note, forgetUser: notices.note };
  const { jwks } = ring;
  return {
    accounts: {
      passwords: createPasswords(),
      signAccessToken,
      refreshTokenSeconds,
      jwks,
      forgetting,
      signupPolicy,
      signupMode,
      defaultTier,
    },
    user,
    close: async () => ring.close(),
  };
};

/** Accounts for tools. Nobody can sign in. */
export const noAccounts: Accounts = {
  passwords: createPasswords(),
  signAccessToken: () => {
    throw new Error('This process has no keys to sign with.');
  },
  refreshTokenSeconds: 0,
  jwks: () => ({ keys: [] }),
  forgetting: { forget: () => undefined, forgetUser: () => undefined },
  signupPolicy: null,
  signupMode: 'closed',
  defaultTier: 'FREE',
};
