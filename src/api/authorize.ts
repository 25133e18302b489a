import type { IncomingHttpHeaders } from 'node:http';
import type { UserIdentity } from '../identity/authenticate-user.ts';
import type { Authenticate, Caller } from './caller.ts';
import { isPermitted, lacking, type PermissionName } from './permissions.ts';
import { isProblem, type Problem, problem } from './problems.ts';

/** The organization's credential in `Authorization: Bearer`, if it is in force and has the permission on any side. */
export const authorize = async (
  authenticate: Authenticate,
  headers: IncomingHttpHeaders,
  permission: PermissionName,
): Promise<Caller | Problem> => {
  const caller = await callerOf(authenticate, headers);
  if (isProblem(caller) || isPermitted(caller, permission)) return caller;
  return problem('FORBIDDEN', lacking(caller, permission));
};

/** The signed-in user in `Authorization: Bearer`, a member of an organization or not. */
export const authorizeUser = async (
  { user }: Authenticate,
  headers: IncomingHttpHeaders,
): Promise<UserIdentity | Problem> => {
  const token = credentialIn(headers, 'bearer');
  if (token === null) return unauthenticated('Sign in and send the access token: Authorization: Bearer <access token>');
  if (isApiKey(token)) return problem('FORBIDDEN', 'No API key may do this; sign in as a user.');
  const identity = await user(token);
  if (identity === 'expired') return tokenExpired;
  return identity ?? unauthenticated('This access token is not valid, or its session has ended. Sign in again.');
};

/** What follows the scheme in the Authorization header, or null when there is none of that scheme. */
export const credentialIn = (headers: IncomingHttpHeaders, scheme: 'bearer' | 'license'): string | null => {
  const { authorization } = headers;
  if (authorization === undefined || authorization.length > authorizationMax) return null;
  const at = authorization.indexOf(' ');
  return at > 0 && authorization.slice(0, at).toLowerCase() === scheme ? authorization.slice(at + 1).trim() : null;
};

// An access token has at most 4 kB.
const authorizationMax = 4 * 1024 + 20;

const callerOf = async (authenticate: Authenticate, headers: IncomingHttpHeaders): Promise<Caller | Problem> => {
  const token = credentialIn(headers, 'bearer');
  if (token === null) {
    return unauthenticated('Send an API key or an access token: Authorization: Bearer lgr_live_…');
  }
  if (isApiKey(token)) {
    const identity = await authenticate.apiKey(token);
    return identity ?? unauthenticated('This API key is not known, mistyped, expired, or was revoked.');
  }
  const signedIn = await authorizeUser(authenticate, headers);
  if (isProblem(signedIn)) return signedIn;
  const { userId, sessionId, membership } = signedIn;
  if (membership !== null) return { kind: 'user', userId, sessionId, ...membership };
  return unauthenticated(
    'This access token is of no organization that is open and that you belong to. Get one for another: POST /v1/auth/switch.',
  );
};

const isApiKey = (token: string): boolean => token.startsWith('lgr_');

const unauthenticated = (detail: string): Problem => ({
  ...problem('UNAUTHENTICATED', detail),
  headers: { 'WWW-Authenticate': 'Bearer' },
});

const tokenExpired: Problem = {
  ...problem('TOKEN_EXPIRED', 'This access token has expired. Get a new one: POST /v1/auth/refresh.'),
  headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
};
