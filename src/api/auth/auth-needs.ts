import { createHmac } from 'node:crypto';
import type { SignupPolicy } from '../../application/accounts/signup-offer.ts';
import type { KeyNeeds } from '../../application/licenses/rotate-key.ts';
import type { PlatformLicenseOf } from '../../application/organizations/platform-license.ts';
import type { Tier } from '../../domain/license/policy.ts';
import type { SignupMode } from '../../domain/organization/signup-mode.ts';
import type { AccessTokens } from '../../identity/access-token.ts';
import type { PublicJwk } from '../../identity/key-files.ts';
import type { Passwords } from '../../identity/passwords.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Authenticate } from '../authorize.ts';
import type { RequestLog } from '../monitoring/logging.ts';
import type { Metrics } from '../monitoring/metrics.ts';
import type { Call } from '../route.ts';

/** The needs of signing in besides users and sessions. */
export type Accounts = {
  readonly passwords: Passwords;
  readonly signAccessToken: AccessTokens['signAccessToken'];
  readonly refreshTokenSeconds: number;
  /** The public keys of access tokens, as JWKS. */
  readonly jwks: () => { readonly keys: readonly PublicJwk[] };
  /** Makes this process notice immediately which sessions it has ended. */
  readonly forgetting: {
    readonly forget: (sessionId: string) => void;
    readonly forgetUser: (userId: string) => void;
  };
  /** The policy of the license that a new organization gets. Null means no license. */
  readonly signupPolicy: SignupPolicy | null;
  /** Who may become a user. */
  readonly signupMode: SignupMode;
  /** The tier of an organization without a license of the platform. */
  readonly defaultTier: Tier;
};

export type AuthNeeds = KeyNeeds & {
  readonly authenticate: Authenticate;
  readonly accounts: Accounts;
  readonly platformLicense: PlatformLicenseOf;
  /** True when the server can send mail. */
  readonly mailing: boolean;
  readonly log: Pick<RequestLog, 'reused'>;
  readonly metrics: Pick<Metrics, 'reused'>;
};

/** Returns the User-Agent of the client. */
export const userAgentOf = ({ headers }: Pick<Call, 'headers'>): string | null => headers['user-agent'] ?? null;

/**
 * Returns a pseudonym for an address, which may not be stored. The same address gets the same pseudonym, in upper or lower
 * case. Nobody can find the address without the secret.
 */
export const emailPseudonym = (secrets: Secrets, email: string): string =>
  createHmac('sha256', secrets.signing.key('idempotency')).update(`email\0${email.toLowerCase()}`).digest('base64url');
