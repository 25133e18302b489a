import { z } from 'zod';
import { membershipIn } from '../../application/accounts/open-session.ts';
import { ownersOf } from '../../application/organizations/owners.ts';
import { changeDisplayName, deactivateUser, getUser, type Owned, type User } from '../../identity/users.ts';
import { organizationsOfUser } from '../../projections/tables/organizations-of-user.ts';
import { idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type Reply, type Route, type UserCall, userRoute } from '../route.ts';
import { idOf } from '../schemas.ts';
import type { AuthNeeds } from './needs.ts';
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
    summary: 'Show a user: oneself, or as OWNER or ADMIN a member of the organization',
    tag: 'Users',
    effect: 'none',
    request: z.object({ params: userPath, query: none }),
    replies: { 200: { description: 'The user.', body: userShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params }, call) => {
      const user = await visibleUser(needs, call, params.userId);
      return isProblem(user) ? user : { status: 200, body: userBody(user) };
    },
  });

/** PATCH /v1/users/{userId} */
export const changeUser = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'patch',
    path: '/v1/users/{userId}',
    operationId: 'changeUser',
    summary: 'Change how a user is called: oneself, or as OWNER or ADMIN a member of the organization',
    tag: 'Users',
    effect: 'change',
    request: z.object({ params: userPath, query: none, body: changeBody }),
    replies: { 200: { description: 'The user as it is now.', body: userShape } },
    rejections: ['NOT_FOUND'],
    handle: ({ params, body }, call) =>
      idempotently(needs, call, userRequest(call, 'changeUser', { ...params, body }), () =>
        change(needs, call, params.userId, body.displayName),
      ),
  });

/** DELETE /v1/users/{userId} */
export const deleteUser = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'delete',
    path: '/v1/users/{userId}',
    operationId: 'deleteUser',
    summary: 'Deactivate the own login, for good',
    description:
      'All sessions end. Refused while the user is the only OWNER of an open organization: close it, or make another one OWNER first. The address stays taken.',
    tag: 'Users',
    effect: 'change',
    request: z.object({ params: userPath, query: none }),
    replies: { 204: { description: 'Deactivated.' } },
    rejections: ['NOT_FOUND', 'LAST_OWNER'],
    handle: ({ params }, call) =>
      idempotently(needs, call, userRequest(call, 'deleteUser', params), () => deactivate(needs, call, params.userId)),
  });

const noSuchUser = problem('NOT_FOUND', 'There is no such user.');

/** The user, where the caller may see them; else as if there were none. */
const visibleUser = async (
  { pool, executor }: AuthNeeds,
  { user: { userId: callerId, membership } }: UserCall,
  wantedId: string,
): Promise<User | Problem> => {
  if (wantedId !== callerId) {
    const mayManage = membership?.role === 'OWNER' || membership?.role === 'ADMIN';
    if (!mayManage || (await membershipIn(executor, membership.organizationId, wantedId)) === null) return noSuchUser;
  }
  return (await getUser(pool, wantedId)) ?? noSuchUser;
};

const change = async (
  needs: AuthNeeds,
  call: UserCall,
  wantedId: string,
  name: string | null,
): Promise<Reply | Problem> => {
  const user = await visibleUser(needs, call, wantedId);
  if (isProblem(user)) return user;
  if (!(await changeDisplayName(needs.pool, wantedId, name))) return noSuchUser;
  return { status: 200, body: userBody({ ...user, displayName: name }) };
};

const deactivate = async (needs: AuthNeeds, call: UserCall, wantedId: string): Promise<Reply | Problem> => {
  const { userId } = call.user;
  if (wantedId !== userId) {
    const user = await visibleUser(needs, call, wantedId);
    return isProblem(user) ? user : problem('FORBIDDEN', 'Only users themselves deactivate their login.');
  }
  const now = new Date(needs.now());
  const outcome = await deactivateUser(needs.pool, userId, { owned: await openOf(needs, userId), now });
  needs.accounts.forgetting.forgetUser(userId);
  if (outcome === 'last_owner') {
    return problem(
      'LAST_OWNER',
      'You are the only OWNER of an organization who can sign in: make another one first, or close it.',
    );
  }
  return outcome === 'deactivated' ? { status: 204, body: {} } : noSuchUser;
};

/** The open organizations of a user, of which some may be the user's own. */
const openOf = async ({ pool, executor }: AuthNeeds, userId: string): Promise<readonly Owned[]> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ closedAt }) => closedAt === null);
  return open.map(({ organizationId }) => ({ organizationId, ownerIds: () => ownersOf(executor, organizationId) }));
};
