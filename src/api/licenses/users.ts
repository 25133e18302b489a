import { z } from 'zod';
import { idPattern } from '../../domain/ids.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import { userReferences } from '../../identity/user-reference.ts';
import { type AssignedUser, usersOf } from '../../projections/tables/license-users.ts';
import { page } from '../paging.ts';
import { type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { cursor, instantOut, licensePath, pageLimit, pageOf, reasonCode, reasonOf, text } from '../schemas.ts';
import { answerCommand, commandAnswer, described, type LicenseCommandNeeds } from './command.ts';
import { notProjected, readLicenseRows } from './parked-license.ts';
import type { ReadNeeds } from './read.ts';

const reference = z
  .string()
  .regex(idPattern('usr', 'ref'), 'must be usr_ or ref_ and 26 characters')
  .meta({ example: 'ref_01h455vb4pex5vsknk084sn02q' });

const assignedShape = z.strictObject({ user: z.string(), assignedAt: instantOut }).meta({ id: 'AssignedUser' });

const assignBody = z
  .strictObject({
    user: text(256).meta({ example: 'ada@example.com' }),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'AssignUser', example: { user: 'ada@example.com' } });

const unassignBody = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'UnassignUser', example: { reason: { code: 'LEFT' } } });

/** POST /v1/licenses/{licenseId}/users: once, whatever the secret was when the user was assigned first. */
export const assignLicenseUser = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('users', 'assignLicenseUser', 'Assign a license to a user', 'manageUse', [
      'LICENSE_REVOKED',
      'USER_LIMIT_EXCEEDED',
    ]),
    ...commandAnswer({ user: z.string() }),
    description:
      'A user of ours by id, or any other by a name of your choice, which is not kept: user in the answer is the reference that stands for it. For the holder, and for the issuer of a license without one.',
    request: z.object({ params: licensePath, query: none, body: assignBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'assignLicenseUser',
        { ...params, body },
        {
          command: (at) => ({
            at,
            compose: (license) => [
              { type: 'AssignUser', at, data: { userRef: referenceIn(needs, license, body.user) } },
            ],
          }),
          guard: (license) => refuseOthersUsers(call, license),
          beside: (license) => ({ user: referenceIn(needs, license, body.user) }),
        },
      ),
  });

/** DELETE /v1/licenses/{licenseId}/users/{user} */
export const unassignLicenseUser = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('users/{user}', 'unassignLicenseUser', 'Take a user off a license', 'manageUse', ['LICENSE_REVOKED']),
    method: 'delete',
    description: 'By the reference that assigning has answered with. Who is not assigned changes nothing.',
    request: z.object({ params: licensePath.extend({ user: reference }), query: none, body: unassignBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'unassignLicenseUser',
        { ...params, body },
        {
          command: (at) => ({ type: 'UnassignUser', at, data: { userRef: params.user, cause: 'ADMIN' } }),
          guard: (license) => refuseOthersUsers(call, license),
        },
      ),
  });

/** GET /v1/licenses/{licenseId}/users: the assigned ones, the last one first. */
export const listLicenseUsers = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}/users',
    operationId: 'listLicenseUsers',
    summary: 'List the users of a license',
    description: 'Those that are assigned now, by their references, the last one first.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({
      params: licensePath,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(assignedShape) } },
    rejections: ['LICENSE_NOT_FOUND'],
    handle: ({ params: { licenseId }, query }, { caller: { organizationId: orgId } }) =>
      page<AssignedUser>(
        needs.secrets,
        query,
        `users\0${orgId}\0${licenseId}`,
        (parameters) => `/v1/licenses/${licenseId}/users?${parameters}`,
        ({ assignedAt, userRef }) => `${assignedAt} ${userRef}`,
        (after, limit) =>
          readLicenseRows(needs, orgId, licenseId, async (db, { isParked }) => {
            if (isParked) return notProjected();
            const [assignedAt = '', userRef = ''] = after?.split(' ') ?? [];
            return usersOf(db, licenseId, { limit, after: after === null ? null : { assignedAt, userRef } });
          }),
        ({ userRef: user, assignedAt }) => ({ user, assignedAt }),
      ),
  });

/** The reference under which the license has the user, else the one it gets. */
const referenceIn = (
  { secrets }: LicenseCommandNeeds,
  { facts: { issuerOrgId }, users }: IssuedLicense,
  user: string,
): string => {
  const references = userReferences(secrets, issuerOrgId, user);
  return references.find((each) => users.has(each)) ?? references[0] ?? '';
};

const refuseOthersUsers = ({ caller }: OrganizationCall, { facts }: IssuedLicense): Problem | null =>
  facts.holderOrgId === null || facts.holderOrgId === caller.organizationId ? null : holderAssigns;

const holderAssigns = problem('FORBIDDEN', 'This license has a holder, who assigns it to users.');
