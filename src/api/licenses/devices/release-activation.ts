import { z } from 'zod';
import { releaseActivation } from '../../../application/devices/release-activation.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';

const params = licensePath.extend({ activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q') });

const body = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReleaseActivation', example: { reason: { code: 'DEVICE_LOST' } } });

/** DELETE /v1/licenses/{licenseId}/activations/{activationId}: whatever the policy lets the user of the device do. */
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
      'By an administrator of the issuer or the holder, whom allowance and cooldown of the policy do not bind. One that was released already changes nothing.',
    request: z.object({ params, query: none, body }),
    handle: ({ params: { licenseId, activationId }, body: fields }, call) => {
      const input = { licenseId, activationId, body: fields };
      return answerChange(needs, call, { operation: 'releaseActivation', input }, (request) =>
        releaseActivation(needs, request, activationId),
      );
    },
  });
