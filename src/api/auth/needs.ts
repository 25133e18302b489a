import { createHmac } from 'node:crypto';
import type { SignupPolicy } from '../../application/accounts/signup-offer.ts';
import type { KeyNeeds } from '../../application/licenses/rotate-key.ts';
import type { PlatformLicenseOf } from '../../application/organizations/platform-license.ts';
import type { AccessTokens } from '../../identity/access-token.ts';
import type { UserAuthentication } from '../../identity/authenticate-user.ts';
import type { PublicJwk } from '../../identity/key-files.ts';
import type { Passwords } from '../../identity/passwords.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Authenticate } from '../authorize.ts';
import type { RequestLog } from '../monitoring/logging.ts';
import type { Metrics } from '../monitoring/metrics.ts';
import type { Call } from '../route.ts';

/** What signing in stands on, beside users and sessions. */
export type Accounts = {
  readonly passwords: Passwords;
  readonly signAccessToken: AccessTokens['signAccessToken'];
  readonly refreshTokenSeconds: number;
  /** The public keys of access tokens, as JWKS. */
  readonly jwks: () => { readonly keys: readonly PublicJwk[] };
  /** Makes this process notice at once what it has ended itself. */
  readonly forgetting: Pick<UserAuthentication, 'forget' | 'forgetUser'>;
  /** What a new organization is given a license of; null: nothing. */
  readonly signupPolicy: SignupPolicy | null;
};

export type AuthNeeds = KeyNeeds & {
  readonly authenticate: Authenticate;
  readonly accounts: Accounts;
  readonly platformLicense: PlatformLicenseOf;
  readonly log: Pick<RequestLog, 'reused'>;
  readonly metrics: Pick<Metrics, 'reused'>;
};

/** Returns what a client calls itself. */
export const userAgentOf = ({ headers }: Pick<Call, 'headers'>): string | null => headers['user-agent'] ?? null;

/**
 * Stands for an address or a token where it may not be stored: the same for the same value, and nobody without the
 * secret finds the value to it.
 */
export const pseudonymOf = (secrets: Secrets, kind: 'email' | 'token', value: string): string =>
  createHmac('sha256', secrets.signing.key('idempotency')).update(`${kind}\0${value}`).digest('base64url');

/** The pseudonym of an address, whatever its case. */
export const emailPseudonym = (secrets: Secrets, email: string): string =>
  pseudonymOf(secrets, 'email', email.toLowerCase());
