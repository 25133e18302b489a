import { z } from 'zod';
import { changeMaintenance } from '../../../application/licenses/term/change-maintenance.ts';
import { none, type Route, route } from '../../route.ts';
import { instantOrNull, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';

const maintenanceBody = z
  .strictObject({
    to: instantOrNull.meta({
      description:
        'The license covers releases before this instant. With null it covers every release, and under MAINTAIN those before the end of the term.',
    }),
    reason: reasonOf(reasonCode),
  })
  .meta({
    id: 'ChangeLicenseMaintenance',
    example: { to: '2099-12-31T00:00:00.000Z', reason: { code: 'MAINTENANCE_SOLD' } },
  });

/** POST /v1/licenses/{licenseId}/maintenance */
export const changeLicenseMaintenance = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'maintenance',
      operationId: 'changeLicenseMaintenance',
      summary: 'Change the end of the maintenance',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID'],
    }),
    description:
      'Sets until when the license covers new releases, such as after a sale of maintenance alone. The term stays as it is. The end that the policy gave becomes yours (changed: true). The same request again changes nothing (changed: false).',
    request: z.object({ params: licensePath, query: none, body: maintenanceBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'changeLicenseMaintenance', input: { ...params, body } }, (request) =>
        changeMaintenance(needs, request, { to: body.to, reasonCode: body.reason.code }),
      ),
  });
