import { z } from 'zod';
import { refreshSession } from '../../identity/refresh.ts';
import { idempotently } from '../idempotency.ts';
import { isProblem, type Problem } from '../problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, nobodysOrganization, pseudonymOf } from './needs.ts';
import { refreshToken, tokensShape } from './shapes.ts';
import { notSignedIn, openOrganizations, signedInBody } from './tokens.ts';

const refreshBody = z
  .strictObject({ refreshToken })
  .meta({ id: 'Refresh', example: { refreshToken: 'lgr_rt_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' } });

/** POST /v1/auth/refresh: exchanges a refresh token for the next one and an access token. */
export const refresh = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/refresh',
    operationId: 'refresh',
    summary: 'Get new tokens',
    description:
      'A refresh token works once. Sent again within 10 seconds it gets the same answer, for one that was lost; later, or when its successor was used, its session is ended: one of the two who hold it is a thief.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: refreshBody }),
    replies: { 200: { description: 'The next tokens of the session.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const principal = pseudonymOf(needs.secrets, 'token', body.refreshToken);
      const request = { organizationId: nobodysOrganization, principal, operation: 'refresh', input: {} };
      const answer = await idempotently(needs, call, request, () => exchange(needs, call, body.refreshToken));
      // What was no token in force counts like any unknown key.
      const isUnknown = isProblem(answer) && answer.problem === 'UNAUTHENTICATED';
      return isUnknown ? ((await call.limits.takeForAddress('unknown_key')) ?? answer) : answer;
    },
  });

const exchange = async (needs: AuthNeeds, call: Call, token: string): Promise<Reply | Problem> => {
  const { pool, secrets, accounts, now } = needs;
  const { refreshTokenSeconds, forgetting } = accounts;
  const refreshed = await refreshSession({ pool, secrets, refreshTokenSeconds, now: () => new Date(now()) }, token);
  if (refreshed?.outcome === 'reused') forgetting.forget(refreshed.sessionId);
  if (refreshed?.outcome !== 'refreshed') return notSignedIn;
  const { userId, organizationId } = refreshed;
  const organizations = organizationId === null ? [] : await openOrganizations(needs, userId);
  const organization = organizations.find(({ id }) => id === organizationId) ?? null;
  if (organization !== null) call.actsFor(organization.id);
  const body = await signedInBody(needs, { ...refreshed, organization });
  return body === null ? notSignedIn : { status: 200, body };
};
