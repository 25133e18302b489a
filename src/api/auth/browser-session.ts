import { z } from 'zod';
import { endSessionOfToken } from '../../application/accounts/end-session.ts';
import { logIn } from '../../application/accounts/log-in.ts';
import { notSignedIn } from '../../application/accounts/open-session.ts';
import { isRefusal } from '../../application/refusal.ts';
import { isProblem, type Problem, refused } from '../problems/problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, userAgentOf } from './auth-needs.ts';
import { deviceOf, withinLoginLimits } from './log-in.ts';
import { refreshOnce } from './refresh.ts';
import { browserSessionPath, type SendingPage, sendingPage, setCookie, tokensIn } from './session-cookie.ts';
import { accessBody, accessShape, knownEmail, knownPassword, organizationId } from './shapes.ts';

const openBody = z
  .strictObject({ email: knownEmail, password: knownPassword, organizationId: organizationId.optional() })
  .meta({ id: 'OpenBrowserSession', example: { email: 'ann@vendor.example', password: 'four small green apples' } });

const emptyBody = z.strictObject({}).meta({ id: 'BrowserSession', example: {} });

const shared = { path: browserSessionPath, tag: 'Authentication', effect: 'none' } as const;

const fromOwnPage = async (
  call: Call,
  work: (page: SendingPage) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const page = sendingPage(call.headers);
  return isProblem(page) ? page : work(page);
};

/** POST /v1/auth/browser-session: signs a user in with a cookie, so that no script of a page has the refresh token. */
export const openBrowserSession = (needs: AuthNeeds): Route =>
  publicRoute({
    ...shared,
    method: 'post',
    operationId: 'openBrowserSession',
    summary: 'Sign in from a page of this server',
    description:
      'For the console: only a page of this server may call it, over https or on this machine. The answer has an access token. The refresh token is in a cookie that only this path gets and no script can read. Other programs use POST /v1/auth/login.',
    request: z.object({ params: none, query: none, body: openBody }),
    replies: { 200: { description: 'An access token of the new session.', body: accessShape } },
    rejections: ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'],
    handle: ({ body }, call) =>
      fromOwnPage(call, async (page) => {
        const { deviceToken } = tokensIn(call.headers, page);
        const device = await deviceOf(needs, { email: body.email, deviceToken: deviceToken ?? undefined });
        return withinLoginLimits(needs, call, { email: body.email, device }, async () => {
          const client = { userAgent: userAgentOf(call), device, actsFor: call.actsFor };
          const session = await logIn(needs, client, body);
          if (isRefusal(session)) return refused(session);
          call.actsAs(session.user.userId);
          return { status: 200, body: accessBody(session), headers: setCookie(page, session) };
        });
      }),
  });

/** PATCH /v1/auth/browser-session: exchanges the cookie for the next one and an access token. */
export const refreshBrowserSession = (needs: AuthNeeds): Route =>
  publicRoute({
    ...shared,
    method: 'patch',
    operationId: 'refreshBrowserSession',
    summary: 'Get a new access token from a page of this server',
    description:
      'Exchanges the refresh token in the cookie, by the rules of POST /v1/auth/refresh. Two tabs of a browser may do so at once.',
    request: z.object({ params: none, query: none, body: emptyBody }),
    replies: { 200: { description: 'An access token of the session.', body: accessShape } },
    rejections: ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'],
    handle: (_input, call) =>
      fromOwnPage(call, async (page) => {
        const { refreshToken, deviceToken } = tokensIn(call.headers, page);
        // A visitor who is not signed in: no token was tried, so nothing counts.
        if (refreshToken === null) return refused(notSignedIn);
        const session = await refreshOnce(needs, call, refreshToken);
        if (!isProblem(session)) {
          const headers = setCookie(page, { refreshToken: session.refreshToken, deviceToken });
          return { status: 200, body: accessBody(session), headers };
        }
        if (session.problem !== 'UNAUTHENTICATED') return session;
        return { ...session, headers: { ...session.headers, ...setCookie(page, { refreshToken: null, deviceToken }) } };
      }),
  });

/** DELETE /v1/auth/browser-session: ends the session of the cookie, also without an access token. */
export const endBrowserSession = (needs: AuthNeeds): Route =>
  publicRoute({
    ...shared,
    method: 'delete',
    operationId: 'endBrowserSession',
    summary: 'Sign out from a page of this server',
    description:
      'Ends the session of the cookie, and takes its token out of the cookie. A session that has ended stays ended.',
    request: z.object({ params: none, query: none }),
    replies: { 204: { description: 'The session has ended.' } },
    rejections: ['FORBIDDEN'],
    handle: (_input, call) =>
      fromOwnPage(call, async (page) => {
        const { refreshToken, deviceToken } = tokensIn(call.headers, page);
        if (refreshToken !== null) await endSessionOfToken(needs, refreshToken);
        return { status: 204, body: {}, headers: setCookie(page, { refreshToken: null, deviceToken }) };
      }),
  });
