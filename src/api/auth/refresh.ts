import { z } from 'zod';
import { openOrganizations, signedIn } from '../../application/accounts/open-session.ts';
import { refreshSession } from '../../identity/refresh.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import type { AuthNeeds } from './needs.ts';
import { notSignedIn, refreshToken, signedInBody, tokensShape } from './shapes.ts';

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
      'A refresh token works once. Sent again within 10 seconds it gets the same refresh token, for an answer that was lost, and needs no Idempotency-Key for that; later, or when its successor was used, its session is ended: one of the two who hold it is a thief.',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none, body: refreshBody }),
    replies: { 200: { description: 'The next tokens of the session.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    // Not idempotently: an answer that is kept would let a used token work for longer than its grace, and a row would be
    // written for whatever a stranger sends.
    handle: async ({ body }, call) =>
      // What was no token in force counts like any unknown key.
      (await exchange(needs, call, body.refreshToken)) ??
      (await call.limits.takeForAddress('unknown_key')) ??
      notSignedIn,
  });

/** The next tokens; null: not a token in force. A stranger's token is looked up and nothing else. */
const exchange = async (needs: AuthNeeds, call: Call, token: string): Promise<Reply | null> => {
  const { pool, secrets, accounts, now, log, metrics } = needs;
  const { refreshTokenSeconds, forgetting } = accounts;
  const refreshed = await refreshSession({ pool, secrets, refreshTokenSeconds, now: () => new Date(now()) }, token);
  if (refreshed?.outcome === 'reused') {
    const { userId, sessionId } = refreshed;
    forgetting.forget(sessionId);
    log.reused({ userId, sessionId, requestId: call.requestId });
    metrics.reused();
  }
  if (refreshed?.outcome !== 'refreshed') return null;
  const { userId, organizationId } = refreshed;
  const organizations = organizationId === null ? [] : await openOrganizations(needs, userId);
  const organization = organizations.find(({ id }) => id === organizationId) ?? null;
  if (organization !== null) call.actsFor(organization.id);
  const session = await signedIn(needs, { ...refreshed, organization });
  return session === null ? null : { status: 200, body: signedInBody(session) };
};
