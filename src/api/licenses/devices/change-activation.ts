import { z } from 'zod';
import { changeDevice } from '../../../application/devices/change-device.ts';
import type { Secrets } from '../../../identity/secrets.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { user } from '../client-schemas.ts';
import { metadataUpTo } from '../issue/issue-body.ts';

const params = licensePath.extend({ activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q') });

const body = z
  .strictObject({
    user: user.nullable().optional().meta({
      description:
        'The user who owns the device: by name or id as the assignment named the user, or by the reference that it returned. The license must be assigned to the user. Null removes the user.',
    }),
    metadata: metadataUpTo(4)
      .optional()
      .meta({ description: 'Replaces all earlier metadata of the device, which is then erased. At most 4 kB.' }),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ user: owner, metadata }) => owner !== undefined || metadata !== undefined, {
    message: 'give user, metadata or both',
  })
  .meta({ id: 'ChangeActivation', example: { user: 'ada@example.com', metadata: { room: 'B12' } } });

/** PATCH /v1/licenses/{licenseId}/activations/{activationId}: changes the user and the metadata of a device. */
export const changeActivationRoute = (needs: LicenseCommandNeeds & { readonly secrets: Secrets }): Route =>
  route({
    ...described({
      verb: 'activations/{activationId}',
      operationId: 'changeActivation',
      summary: 'Change the user and the metadata of a device',
      permission: 'manageUse',
      rejections: [
        'LICENSE_REVOKED',
        'ACTIVATION_NOT_FOUND',
        'USER_NOT_ASSIGNED',
        'USER_SCOPE_REQUIRED',
        'ACTIVATION_LIMIT_EXCEEDED',
      ],
    }),
    method: 'patch',
    description:
      'For administrators of the issuer or the holder. Members that the request leaves out stay. The metadata is for people of the issuer and the holder: applications do not get it, and events have a reference to it only. A policy with devicesPerUser limits the devices of a user here, too.',
    request: z.object({ params, query: none, body }),
    handle: ({ params: { licenseId, activationId }, body: fields }, call) => {
      const input = { licenseId, activationId, body: fields };
      return answerChange(needs, call, { operation: 'changeActivation', input }, (request) =>
        changeDevice(needs, { ...request, onceReadable: call.onceReadable }, { activationId, ...fields }),
      );
    },
  });
