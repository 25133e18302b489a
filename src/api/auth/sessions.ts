import { z } from 'zod';
import { notSignedIn, openOrganizations } from '../../application/accounts/open-session.ts';
import { endOwnSession, switchSession } from '../../application/accounts/sessions.ts';
import { isRefusal } from '../../application/refusal.ts';
import { listSessions, type Session } from '../../identity/sessions.ts';
import { getUser } from '../../identity/users.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, type UserCall, userRoute } from '../route.ts';
import { idOf, instantOut, pageOf } from '../schemas.ts';
import type { AuthNeeds } from './needs.ts';
import { accessBody, accessShape, memberOfShape, organizationId, userBody, userShape } from './shapes.ts';

const sessionId = idOf('ses', 'ses_01h455vb4pex5vsknk084sn02q');

const sessionShape = z
  .strictObject({
    id: sessionId,
    isCurrent: z.boolean(),
    organizationId: organizationId.nullable(),
    userAgent: z.string().nullable(),
    createdAt: instantOut,
    lastUsedAt: instantOut,
    expiresAt: instantOut,
  })
  .meta({ id: 'Session' });

const switchBody = z
  .strictObject({ organizationId })
  .meta({ id: 'SwitchOrganization', example: { organizationId: 'org_01h455vb4pex5vsknk084sn02q' } });

const logoutBody = z.strictObject({}).meta({ id: 'LogOut', example: {} });

/** What a signed-in user asks for once under an Idempotency-Key. */
export const userRequest = ({ user }: UserCall, operation: string, input: object) => ({
  ...{ organizationId: user.userId, principal: user.userId, operation, input },
});

/** The same of something that is about the session which it is asked in. */
export const sessionRequest = (call: UserCall, operation: string, input: object) => {
  const about = { sessionId: call.user.sessionId };
  return { ...userRequest(call, operation, { ...input, ...about }), about };
};

/** GET /v1/auth/me */
export const me = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/auth/me',
    operationId: 'me',
    summary: 'Show who is signed in, and for which organization',
    tag: 'Authentication',
    effect: 'read',
    request: z.object({ params: none, query: none }),
    replies: {
      200: {
        description: 'organization is null where the access token is of none that is open and has this member.',
        body: z.strictObject({ user: userShape, sessionId, organization: memberOfShape.nullable() }),
      },
    },
    rejections: [],
    handle: async (_input, { user: { userId, sessionId: current, membership } }) => {
      const user = await getUser(needs.pool, userId);
      if (user === null) return refused(notSignedIn);
      const organizations = membership === null ? [] : await openOrganizations(needs, userId);
      const organization = organizations.find(({ id }) => id === membership?.organizationId) ?? null;
      return { status: 200, body: { user: userBody(user), sessionId: current, organization } };
    },
  });

/** GET /v1/auth/sessions */
export const sessions = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/auth/sessions',
    operationId: 'listSessions',
    summary: 'List the sessions that are not over, the last used first',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none }),
    replies: { 200: { description: 'All of them: a user has at most 100.', body: pageOf(sessionShape) } },
    rejections: [],
    handle: async (_input, { user }) => {
      const found = await listSessions(needs.pool, user.userId, new Date(needs.now()));
      const data = found.map((session) => sessionBody(session, user.sessionId));
      return { status: 200, body: { data, nextCursor: null, hasMore: false } };
    },
  });

/** DELETE /v1/auth/sessions/{sessionId} */
export const deleteSession = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'delete',
    path: '/v1/auth/sessions/{sessionId}',
    operationId: 'endSession',
    summary: 'End a session',
    description: 'Its access tokens are refused within 30 seconds, its refresh token at once.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: z.strictObject({ sessionId }), query: none }),
    replies: { 204: { description: 'Ended.' } },
    rejections: ['NOT_FOUND'],
    handle: ({ params }, call) =>
      idempotently(needs, call, userRequest(call, 'endSession', params), async () => {
        const refusal = await endOwnSession(needs, { ...params, userId: call.user.userId }, 'REVOKED');
        return refusal === null ? { status: 204, body: {} } : refused(refusal);
      }),
  });

/** POST /v1/auth/logout */
export const logOut = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/logout',
    operationId: 'logOut',
    summary: 'Sign out',
    description: 'Ends the session that the access token is of.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: logoutBody }),
    replies: { 204: { description: 'Signed out.' } },
    rejections: [],
    handle: (_input, call) =>
      idempotently(needs, call, sessionRequest(call, 'logOut', {}), async () => {
        // Where it was over already it is as wanted.
        await endOwnSession(needs, call.user, 'LOGOUT');
        return { status: 204, body: {} };
      }),
  });

/** POST /v1/auth/switch */
export const switchTo = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/switch',
    operationId: 'switchOrganization',
    summary: 'Go on for another organization',
    description:
      'Answers with an access token for it, and so does every refresh of the session from now on; the refresh token stays as it is. The access token before goes on for its own organization until it expires.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: switchBody }),
    replies: { 200: { description: 'An access token for the organization.', body: accessShape } },
    rejections: ['ORGANIZATION_NOT_FOUND'],
    handle: ({ body }, call) =>
      idempotently(needs, call, sessionRequest(call, 'switchOrganization', body), async () => {
        const { userId, sessionId: current } = call.user;
        const session = { userId, sessionId: current, actsFor: call.actsFor };
        const access = await switchSession(needs, session, body.organizationId);
        return isRefusal(access) ? refused(access) : { status: 200, body: accessBody(access) };
      }),
  });

const sessionBody = (session: Session, current: string): z.output<typeof sessionShape> => ({
  id: session.sessionId,
  isCurrent: session.sessionId === current,
  organizationId: session.organizationId,
  userAgent: session.userAgent,
  createdAt: session.createdAt.toISOString(),
  lastUsedAt: session.lastUsedAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
});
