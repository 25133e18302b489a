import { z } from 'zod';
import { notSignedIn, type SignedIn } from '../../application/accounts/open-session.ts';
import { refreshSession } from '../../application/accounts/refresh-session.ts';
import { isProblem, type Problem, refused } from '../problems/problems.ts';
import { type Call, none, publicRoute, type Route } from '../route.ts';
import type { AuthNeeds } from './auth-needs.ts';
import { refreshToken, signedInBody, tokensShape } from './shapes.ts';

const refreshBody = z
  .strictObject({ refreshToken })
  .meta({ id: 'Refresh', example: { refreshToken: 'lgr_rt_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' } });

/** POST /v1/auth/refresh: exchanges a refresh token for the next one and an access token. */
export const refreshRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/refresh',
    operationId: 'refresh',
    summary: 'Get new tokens',
    description:
      'A refresh token works once. When the answer was lost, send the token again within 10 seconds: the answer has the same next refresh token, without an Idempotency-Key. A token that is sent later, or after the next token was used, ends its session, because two parties have the token.',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none, body: refreshBody }),
    replies: { 200: { description: 'The next tokens of the session.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    // Without idempotency: a stored answer would let a used token work for longer than 10 seconds, and every token that
    // a stranger sends would write a row.
    handle: async ({ body }, call) => {
      const session = await refreshOnce(needs, call, body.refreshToken);
      return isProblem(session) ? session : { status: 200, body: signedInBody(session) };
    },
  });

/** Exchanges a refresh token for the next tokens of its session, and reports a token that was used twice. */
export const refreshOnce = async (needs: AuthNeeds, call: Call, token: string): Promise<SignedIn | Problem> => {
  const onReused = ({ userId, sessionId }: { readonly userId: string; readonly sessionId: string }) => {
    needs.log.reused({ userId, sessionId, requestId: call.requestId });
    needs.metrics.reused();
  };
  const session = await refreshSession(needs, { onReused, actsFor: call.actsFor }, token);
  if (session !== null) {
    call.actsAs(session.user.userId);
    return session;
  }
  // An invalid token counts like an unknown key.
  return (await call.limits.takeForAddress('unknown_key')) ?? refused(notSignedIn);
};
