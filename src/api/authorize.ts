import type { IncomingHttpHeaders } from 'node:http';
import type { Scope } from '../domain/organization/events.ts';
import type { ApiKeyIdentity, AuthenticateApiKey } from '../identity/authenticate.ts';
import { type Problem, problem } from './problems.ts';

/** The organization's credential in `Authorization: Bearer`, if it is in force and holds one of the scopes. */
export const authorize = async (
  authenticate: AuthenticateApiKey,
  headers: IncomingHttpHeaders,
  scopes: readonly Scope[],
): Promise<ApiKeyIdentity | Problem> => {
  const token = credentialIn(headers, 'bearer');
  if (token === null) return unauthenticated('Send an API key: Authorization: Bearer lgr_live_…');
  const identity = await authenticate(token);
  if (identity === null) return unauthenticated('This API key is not known, mistyped, or was revoked.');
  if (scopes.some((scope) => identity.scopes.includes(scope))) return identity;
  return problem('FORBIDDEN', `This API key has not the scope ${scopes.join(' or ')}.`);
};

/** What follows the scheme in the Authorization header, or null when there is none of that scheme. */
export const credentialIn = (headers: IncomingHttpHeaders, scheme: 'bearer' | 'license'): string | null => {
  const { authorization } = headers;
  if (authorization === undefined || authorization.length > 1000) return null;
  const at = authorization.indexOf(' ');
  return at > 0 && authorization.slice(0, at).toLowerCase() === scheme ? authorization.slice(at + 1).trim() : null;
};

const unauthenticated = (detail: string): Problem => ({
  ...problem('UNAUTHENTICATED', detail),
  headers: { 'WWW-Authenticate': 'Bearer' },
});
