import { z } from 'zod';
import { releaseActivation } from '../../../application/devices/release-activation.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';

const params = licensePath.extend({ activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q') });

const body = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReleaseActivation', example: { reason: { code: 'DEVICE_LOST' } } });

/**
 * DELETE /v1/licenses/{licenseId}/activations/{activationId}: releases a device, whatever the policy allows its user.
 */
export const releaseActivationRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'activations/{activationId}',
      operationId: 'releaseActivation',
      summary: 'Release a device of a license',
      permission: 'manageUse',
      rejections: ['LICENSE_REVOKED', 'ACTIVATION_NOT_FOUND'],
    }),
    method: 'delete',
    description:
      'For administrators of the issuer or the holder. The deactivation limit and cooldown of the policy do not apply to them. Releasing the device again changes nothing.',
    request: z.object({ params, query: none, body }),
    handle: ({ params: { licenseId, activationId }, body: fields }, call) => {
      const input = { licenseId, activationId, body: fields };
      return answerChange(needs, call, { operation: 'releaseActivation', input }, (request) =>
        releaseActivation(needs, request, activationId),
      );
    },
  });
