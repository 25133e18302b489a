import { z } from 'zod';
import { deactivateUser } from '../../application/accounts/deactivate-user.ts';
import { renameUser } from '../../application/accounts/rename-user.ts';
import { visibleUser } from '../../application/accounts/visible-user.ts';
import { isRefusal } from '../../application/refusal.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, userRoute } from '../route.ts';
import { idOf } from '../schemas.ts';
import type { AuthNeeds } from './auth-needs.ts';
import { userRequest } from './sessions.ts';
import { displayName, userBody, userShape } from './shapes.ts';

const userPath = z.strictObject({ userId: idOf('usr', 'usr_01h455vb4pex5vsknk084sn02q') });

const changeBody = z
  .strictObject({ displayName: displayName.nullable() })
  .meta({ id: 'ChangeUser', example: { displayName: 'Ann Lee' } });

/** GET /v1/users/{userId} */
export const getUserRoute = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/users/{userId}',
    operationId: 'getUser',
    summary: 'Get a user',
    description: 'Returns yourself. An OWNER or ADMIN also gets the members of the organization.',
    tag: 'Users',
    effect: 'none',
    request: z.object({ params: userPath, query: none }),
    replies: { 200: { description: 'The user.', body: userShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params }, call) => {
      const user = await visibleUser(needs, call.user, params.userId);
      return isRefusal(user) ? refused(user) : { status: 200, body: userBody(user) };
    },
  });

/** PATCH /v1/users/{userId} */
export const changeUser = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'patch',
    path: '/v1/users/{userId}',
    operationId: 'changeUser',
    summary: 'Change your name',
    description:
      'Changes your own name. An organization names its members by a label: PATCH /v1/organizations/{organizationId}/members/{userId}.',
    tag: 'Users',
    effect: 'change',
    request: z.object({ params: userPath, query: none, body: changeBody }),
    replies: { 200: { description: 'The user after the change.', body: userShape } },
    rejections: ['NOT_FOUND', 'FORBIDDEN'],
    handle: ({ params, body }, call) =>
      idempotently(needs, call, userRequest(call, 'changeUser', { ...params, body }), async () => {
        const user = await renameUser(needs, call.user, { ...params, ...body });
        return isRefusal(user) ? refused(user) : { status: 200, body: userBody(user) };
      }),
  });

/** DELETE /v1/users/{userId} */
export const deleteUser = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'delete',
    path: '/v1/users/{userId}',
    operationId: 'deleteUser',
    summary: 'Deactivate your login',
    description:
      'Deactivates the login for good and ends all sessions. Refused while you are the only OWNER of an open organization: close the organization, or make another user an OWNER first. Needs the password within the last 5 minutes: sign in, or POST /v1/auth/password/confirm. Nobody can sign up with the address afterwards. If you never proved it, the reader of a mailed invitation to it can become a new user with it (replaceAccount).',
    tag: 'Users',
    effect: 'change',
    request: z.object({ params: userPath, query: none }),
    replies: { 204: { description: 'The login was deactivated.' } },
    rejections: ['NOT_FOUND', 'PASSWORD_REQUIRED', 'LAST_OWNER'],
    handle: ({ params }, call) =>
      idempotently(needs, call, userRequest(call, 'deleteUser', params), async () => {
        const refusal = await deactivateUser(needs, call.user, params.userId);
        return refusal === null ? { status: 204, body: {} } : refused(refusal);
      }),
  });
