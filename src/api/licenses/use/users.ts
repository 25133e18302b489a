import { z } from 'zod';
import { notProjected, readLicenseRows } from '../../../application/reading/parked-license.ts';
import { type AssignedLicense, assignUser, unassignUser } from '../../../application/use/assign-user.ts';
import { idPattern } from '../../../domain/ids.ts';
import { type AssignedUser, usersOf } from '../../../projections/tables/license-users.ts';
import { page } from '../../paging.ts';
import { none, type Route, route } from '../../route.ts';
import { cursor, instantOut, licensePath, pageLimit, pageOf, reasonCode, reasonOf, text } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import type { ReadNeeds } from '../reading/read.ts';

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
    ...described({
      verb: 'users',
      operationId: 'assignLicenseUser',
      summary: 'Assign a license to a user',
      permission: 'manageUse',
      rejections: ['LICENSE_REVOKED', 'USER_LIMIT_EXCEEDED'],
    }),
    ...commandAnswer({ user: z.string() }),
    description:
      'A user of ours by id, or any other by a name of your choice, which is not kept: user in the answer is the reference that stands for it. For the holder, and for the issuer of a license without one.',
    request: z.object({ params: licensePath, query: none, body: assignBody }),
    handle: ({ params, body }, call) =>
      answerChange(
        needs,
        call,
        {
          ...{ operation: 'assignLicenseUser', input: { ...params, body } },
          beside: ({ view: userRef }: AssignedLicense) => ({ user: userRef }),
        },
        (request) => assignUser(needs, request, body.user),
      ),
  });

/** DELETE /v1/licenses/{licenseId}/users/{user} */
export const unassignLicenseUser = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'users/{user}',
      operationId: 'unassignLicenseUser',
      summary: 'Take a user off a license',
      permission: 'manageUse',
      rejections: ['LICENSE_REVOKED'],
    }),
    method: 'delete',
    description: 'By the reference that assigning has answered with. Who is not assigned changes nothing.',
    request: z.object({ params: licensePath.extend({ user: reference }), query: none, body: unassignBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'unassignLicenseUser', input: { ...params, body } }, (request) =>
        unassignUser(needs, request, params.user),
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
      page<AssignedUser>(needs.secrets, query, {
        name: `users\0${orgId}\0${licenseId}`,
        url: `/v1/licenses/${licenseId}/users?`,
        placeOf: ({ assignedAt, userRef }) => `${assignedAt} ${userRef}`,
        read: (after, limit) =>
          readLicenseRows(needs, orgId, licenseId, async (db, { isParked }) => {
            if (isParked) return notProjected;
            const [assignedAt = '', userRef = ''] = after?.split(' ') ?? [];
            return usersOf(db, licenseId, { limit, after: after === null ? null : { assignedAt, userRef } });
          }),
        bodyOf: ({ userRef: user, assignedAt }) => ({ user, assignedAt }),
      }),
  });
