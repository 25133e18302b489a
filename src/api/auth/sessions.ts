import { z } from 'zod';
import { endSession } from '../../application/accounts/end-session.ts';
import { switchSession } from '../../application/accounts/switch-session.ts';
import { whoAmI } from '../../application/accounts/who-am-i.ts';
import { isRefusal } from '../../application/refusal.ts';
import { listSessions, type Session } from '../../identity/sessions.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, type UserCall, userRoute } from '../route.ts';
import { idOf, instantOut, pageOf } from '../schemas.ts';
import type { AuthNeeds } from './auth-needs.ts';
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

/** Returns a request of a signed-in user as `idempotently` recognizes it. */
export const userRequest = ({ user }: UserCall, operation: string, input: object) => ({
  organizationId: user.userId,
  principal: user.userId,
  operation,
  input,
});

/** Returns a request about the session of its access token as `idempotently` recognizes it. */
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
    summary: 'Get the signed-in user',
    tag: 'Authentication',
    effect: 'read',
    request: z.object({ params: none, query: none }),
    replies: {
      200: {
        description:
          'The user, the session and the organization of the access token. The organization is null when it is closed, when the user is no longer a member, or when the token names none.',
        body: z.strictObject({ user: userShape, sessionId, organization: memberOfShape.nullable() }),
      },
    },
    rejections: [],
    handle: async (_input, call) => {
      const identity = await whoAmI(needs, call.user);
      if (isRefusal(identity)) return refused(identity);
      const { user, organization } = identity;
      return { status: 200, body: { user: userBody(user), sessionId: call.user.sessionId, organization } };
    },
  });

/** GET /v1/auth/sessions */
export const sessions = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/auth/sessions',
    operationId: 'listSessions',
    summary: 'List your sessions',
    description: 'The sessions that have not ended, the last used first.',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none }),
    bounded: smallerPages,
    replies: { 200: { description: 'All sessions on one page. A user has at most 100.', body: pageOf(sessionShape) } },
    rejections: [],
    handle: async (_input, { user }) => {
      const open = await listSessions(needs.pool, user.userId, new Date(needs.now()));
      const data = open.map((session) => sessionBody(session, user.sessionId));
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
    description: 'The refresh token of the session stops working immediately, its access tokens within 2 seconds.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: z.strictObject({ sessionId }), query: none }),
    replies: { 204: { description: 'The session has ended.' } },
    rejections: ['NOT_FOUND'],
    handle: ({ params }, call) =>
      idempotently(needs, call, userRequest(call, 'endSession', params), async () => {
        const refusal = await endSession(needs, { ...params, userId: call.user.userId }, 'REVOKED');
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
    description: 'Ends the session of the access token.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: logoutBody }),
    replies: { 204: { description: 'The session has ended.' } },
    rejections: [],
    handle: (_input, call) =>
      idempotently(needs, call, sessionRequest(call, 'logOut', {}), async () => {
        // A session that has ended already is what the caller wants.
        await endSession(needs, call.user, 'LOGOUT');
        return { status: 204, body: {} };
      }),
  });

/** POST /v1/auth/switch */
export const switchTo = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/switch',
    operationId: 'switchOrganization',
    summary: 'Switch to another organization',
    description:
      'Returns an access token for the organization. From now on every refresh of the session returns access tokens for it. The refresh token stays the same. Earlier access tokens work for their organization until they expire.',
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
