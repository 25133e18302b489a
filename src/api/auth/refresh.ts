import { z } from 'zod';
import { notSignedIn } from '../../application/accounts/open-session.ts';
import { refreshSession } from '../../application/accounts/refresh-session.ts';
import { refused } from '../problems/problems.ts';
import { none, publicRoute, type Route } from '../route.ts';
import type { AuthNeeds } from './needs.ts';
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
      'A refresh token works once. Sent again within 10 seconds it gets the same refresh token, for an answer that was lost, and needs no Idempotency-Key for that; later, or when its successor was used, its session is ended: one of the two who hold it is a thief.',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none, body: refreshBody }),
    replies: { 200: { description: 'The next tokens of the session.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    // Not idempotently: an answer that is kept would let a used token work for longer than its grace, and a row would
    // be written for whatever a stranger sends.
    handle: async ({ body }, call) => {
      const onReused = ({ userId, sessionId }: { readonly userId: string; readonly sessionId: string }) => {
        needs.log.reused({ userId, sessionId, requestId: call.requestId });
        needs.metrics.reused();
      };
      const session = await refreshSession(needs, { onReused, actsFor: call.actsFor }, body.refreshToken);
      if (session !== null) return { status: 200, body: signedInBody(session) };
      // What was no token in force counts like any unknown key.
      return (await call.limits.takeForAddress('unknown_key')) ?? refused(notSignedIn);
    },
  });
