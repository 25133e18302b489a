import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../application/caller.ts';
import { isPermitted, lacking } from '../domain/authority.ts';
import { type PermissionName, permissions } from '../domain/permissions.ts';
import type { ApiKeyIdentity, AuthenticateApiKey } from '../identity/authenticate.ts';
import type { AuthenticateUser, UserIdentity } from '../identity/authenticate-user.ts';
import type { Bucket } from '../rate-limits.ts';
import { isProblem, type Problem, problem, problemForNow } from './problems/problems.ts';
import type { Call } from './route.ts';

/** Checks API keys and access tokens. */
export type Authenticate = { readonly apiKey: AuthenticateApiKey; readonly user: AuthenticateUser };

/** The parts of a call that its credential needs. */
type Credited = Pick<Call, 'headers' | 'limits' | 'actsFor' | 'actsAs'>;

/**
 * Returns the caller of the credential in `Authorization: Bearer`. Refuses a credential that does not work, exceeds the
 * rate limits of its organization, or lacks the permission. An unknown credential counts for the address of the client.
 * `bucket`: what counts the request of the organization; null: its tier.
 */
export const authorize = async (
  authenticate: Authenticate,
  call: Credited,
  permission: PermissionName,
  bucket: Bucket | null = null,
): Promise<Caller | Problem> => {
  const caller = await callerOf(authenticate, call);
  if (isProblem(caller)) return caller;
  const { organizationId } = caller;
  call.actsFor(organizationId);
  const { limits } = call;
  const refusal = await (bucket === null
    ? limits.takeForOrganization(organizationId)
    : limits.take(bucket, organizationId));
  if (refusal !== null) return refusal;
  const needed = permissions[permission];
  return isPermitted(caller, needed) ? caller : problem('FORBIDDEN', lacking(caller, needed));
};

/**
 * Returns the signed-in user of the access token in `Authorization: Bearer`, who may belong to no organization. The
 * request counts like one of the organization's credentials.
 */
export const authorizeUser = async (authenticate: Authenticate, call: Credited): Promise<UserIdentity | Problem> => {
  const user = await userOf(authenticate, call);
  if (isProblem(user)) return user;
  const { userId, membership } = user;
  const refusal =
    membership === null
      ? await call.limits.takeForUser(userId)
      : await call.limits.takeForOrganization(membership.organizationId);
  return refusal ?? user;
};

const userOf = async (authenticate: Authenticate, call: Credited): Promise<UserIdentity | Problem> => {
  const token = credentialIn(call.headers, 'bearer');
  if (token === null) return unauthenticated('Sign in and send the access token: Authorization: Bearer <access token>');
  if (isApiKey(token)) {
    const apiKey = await apiKeyOf(authenticate, call, token);
    if (isProblem(apiKey)) return apiKey;
    const refusal = await call.limits.takeForOrganization(apiKey.organizationId);
    return refusal ?? problem('FORBIDDEN', 'API keys may not do this. Sign in as a user.');
  }
  const identity = await authenticate.user(token);
  if (identity === 'expired') return tokenExpired;
  if (identity !== null) {
    call.actsAs(identity.userId);
    return identity;
  }
  const refusal = await call.limits.takeForAddress('unknown_key');
  return refusal ?? unauthenticated('This access token is not valid, or its session has ended. Sign in again.');
};

/**
 * Returns what follows the scheme in the Authorization header, or null for another scheme. A header with other than
 * ASCII characters is read as UTF-8, and as Latin-1 when it is not valid UTF-8.
 */
export const credentialIn = (headers: IncomingHttpHeaders, scheme: 'bearer' | 'license'): string | null => {
  const { authorization } = headers;
  if (authorization === undefined || authorization.length > authorizationMax) return null;
  const at = authorization.indexOf(' ');
  if (at <= 0 || authorization.slice(0, at).toLowerCase() !== scheme) return null;
  return textOf(authorization.slice(at + 1)).trim();
};

// Node has decoded the bytes of every header as Latin-1.
const textOf = (header: string): string => {
  if (!/[\x80-\xff]/.test(header)) return header;
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
};

// An access token has at most 4 kB.
const authorizationMax = 4 * 1024 + 20;

const callerOf = async (authenticate: Authenticate, call: Credited): Promise<Caller | Problem> => {
  const token = credentialIn(call.headers, 'bearer');
  if (token === null) {
    return unauthenticated('Send an API key or an access token: Authorization: Bearer lgr_live_…');
  }
  if (isApiKey(token)) return apiKeyOf(authenticate, call, token);
  const signedIn = await userOf(authenticate, call);
  if (isProblem(signedIn)) return signedIn;
  const { userId, sessionId, membership, isBehind } = signedIn;
  if (membership !== null) return { kind: 'user', userId, sessionId, ...membership };
  const refusal = await call.limits.takeForUser(userId);
  if (refusal !== null) return refusal;
  if (isBehind) return notReadableYet;
  return unauthenticated(
    'This access token is of no organization that is open and that you belong to. Get one for another: POST /v1/auth/switch.',
  );
};

const apiKeyOf = async (
  authenticate: Authenticate,
  { limits, actsAs }: Credited,
  token: string,
): Promise<ApiKeyIdentity | Problem> => {
  const identity = await authenticate.apiKey(token);
  if (identity === 'behind') return notReadableYet;
  if (identity !== null) {
    actsAs(identity.apiKeyId);
    return identity;
  }
  const refusal = await limits.takeForAddress('unknown_key');
  return refusal ?? unauthenticated('This API key is not known, mistyped, expired, or was revoked.');
};

const isApiKey = (token: string): boolean => token.startsWith('lgr_');

// The readable state may still have rights that were taken away since.
const notReadableYet = problemForNow(
  'NOT_PROJECTED_YET',
  'The rights of this credential have changed and cannot be read yet. Try again.',
  1,
  'NOT_PROJECTED',
);

const unauthenticated = (detail: string): Problem => ({
  ...problem('UNAUTHENTICATED', detail),
  headers: { 'WWW-Authenticate': 'Bearer' },
});

const tokenExpired: Problem = {
  ...problem('TOKEN_EXPIRED', 'This access token has expired. Get a new one: POST /v1/auth/refresh.'),
  headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
};
