import { z } from 'zod';
import { readCurrentRows } from '../../../application/reading/parked-license.ts';
import { type AssignedLicense, assignUser } from '../../../application/usage/assign-user.ts';
import { unassignUser, unassignUserByName } from '../../../application/usage/unassign-user.ts';
import { idPattern } from '../../../domain/ids.ts';
import { type AssignedUser, usersOf } from '../../../projections/tables/license-users.ts';
import { page } from '../../paging.ts';
import { none, type Route, route } from '../../route.ts';
import { instantOut, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { user } from '../client-schemas.ts';
import { listOfLicense } from '../reading/list-of-license.ts';
import type { ReadNeeds } from '../reading/read-licenses.ts';

const reference = z
  .string()
  .regex(idPattern('usr', 'ref'), 'must be usr_ or ref_ and 26 characters')
  .meta({ example: 'ref_01h455vb4pex5vsknk084sn02q' });

const assignedShape = z
  .strictObject({
    user: z.string().meta({ description: 'The reference of the user.' }),
    name: z.string().nullable().meta({
      description:
        'The name that your organization assigned the user under. Null when another organization assigned the user, for a user of this server, and for an assignment of an earlier release.',
    }),
    assignedAt: instantOut.meta({ description: 'When the user was assigned.' }),
  })
  .meta({ id: 'AssignedUser' });

const assignBody = z
  .strictObject({
    user,
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'AssignUser', example: { user: 'ada@example.com' } });

const unassignBody = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'UnassignUser', example: { reason: { code: 'LEFT' } } });

/** POST /v1/licenses/{licenseId}/users: assigns a user once, also after a rotation of the secret. */
export const assignLicenseUser = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'users',
      operationId: 'assignLicenseUser',
      summary: 'Assign a license to a user',
      permission: 'assignUsers',
      rejections: ['LICENSE_REVOKED', 'USER_LIMIT_EXCEEDED'],
    }),
    ...commandAnswer({ user: z.string() }),
    description:
      'Name a user of this server by its id, or any other user by a name of your choice. `user` in the answer is a reference to it. Events have the reference only. The name is stored apart, for your organization alone, until the user is unassigned. The holder may assign users. The issuer may do so for a license without a holder.',
    request: z.object({ params: licensePath, query: none, body: assignBody }),
    handle: ({ params, body }, call) =>
      answerChange(
        needs,
        call,
        {
          operation: 'assignLicenseUser',
          input: { ...params, body },
          further: ({ view: userRef }: AssignedLicense) => ({ user: userRef }),
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
      summary: 'Unassign a user from a license',
      permission: 'assignUsers',
      rejections: ['LICENSE_REVOKED'],
    }),
    method: 'delete',
    description:
      'Name the user by the reference that the assignment returned. The seats that were taken for the user end, and the devices when the policy has deactivateOnUnassign. Unassigning again changes nothing.',
    request: z.object({ params: licensePath.extend({ user: reference }), query: none, body: unassignBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'unassignLicenseUser', input: { ...params, body } }, (request) =>
        unassignUser(needs, request, params.user),
      ),
  });

const unassignByNameBody = z
  .strictObject({ user, reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'UnassignUserByName', example: { user: 'ada@example.com', reason: { code: 'LEFT' } } });

/** DELETE /v1/licenses/{licenseId}/users: unassigns a user by name, which must not stand in a URL. */
export const unassignLicenseUserByName = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'users',
      operationId: 'unassignLicenseUserByName',
      summary: 'Unassign a user from a license by name',
      permission: 'assignUsers',
      rejections: ['LICENSE_REVOKED'],
    }),
    method: 'delete',
    description:
      'Name the user as the assignment did. It ends the same seats and devices as an unassignment by reference. A user who is not assigned changes nothing.',
    request: z.object({ params: licensePath, query: none, body: unassignByNameBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'unassignLicenseUserByName', input: { ...params, body } }, (request) =>
        unassignUserByName(needs, request, body.user),
      ),
  });

/** GET /v1/licenses/{licenseId}/users: lists the assigned users, the last assigned first. */
export const listLicenseUsers = (needs: ReadNeeds): Route =>
  route({
    ...listOfLicense('users', assignedShape),
    operationId: 'listLicenseUsers',
    summary: 'List the users of a license',
    description:
      'The users that are assigned now, the last assigned first, by reference. Users whom your organization assigned have the name that it gave.',
    handle: ({ params: { licenseId }, query }, { caller: { organizationId: orgId } }) =>
      page<AssignedUser>(needs.secrets, query, {
        name: `users\0${orgId}\0${licenseId}`,
        url: `/v1/licenses/${licenseId}/users?`,
        placeOf: ({ assignedAt, userRef }) => `${assignedAt} ${userRef}`,
        read: (after, limit) =>
          readCurrentRows(needs, orgId, licenseId, (db, { users: except }) => {
            const [assignedAt = '', userRef = ''] = after?.split(' ') ?? [];
            return usersOf(db, licenseId, { limit, after: after === null ? null : { assignedAt, userRef }, except });
          }),
        bodyOf: ({ userRef: user, name, assignedAt }) => ({ user, name, assignedAt }),
      }),
  });
