import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { activateDevice } from '../../../application/devices/activate-device.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { deviceFields } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming, useRejections } from '../find-client-license.ts';
import { activationAnswer, activationReply } from './device-answer.ts';

const body = z.strictObject({ ...licenseNaming, ...deviceFields }).meta({
  id: 'ActivateLicense',
  example: {
    licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
    product: 'local_cli',
    fingerprint: '3f9c1a77d0e4',
    name: 'build-7',
    platform: 'linux',
  },
});

/** POST /v1/licenses/activate: binds a device to the license, once per device, or updates its details. */
export const activateLicense = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/activate',
    operationId: 'activateLicense',
    summary: 'Activate a license on a device',
    description:
      'A device that is already active gets its activation, for every product. A name, platform, appVersion, components, user or environment that differs from the recorded one updates the activation, and changed is then true. With a license key, a name, platform, appVersion and list of components change at most once in 24 hours each. Members that the request leaves out stay. A device can have one trial of a product. A policy with a wider fingerprintUniqueness refuses a device that another license has, with DEVICE_ACTIVE_ELSEWHERE. When no activation is free, the problem lists the active devices in activations. Replace one of them with swap.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: {
        description: 'The device was already active. changed says whether this request updated its details.',
        body: activationAnswer,
      },
      201: { description: 'The device is now active.', body: activationAnswer },
    },
    rejections: [
      ...useRejections,
      'FORBIDDEN',
      'PRODUCT_NOT_LICENSED',
      'ACTIVATION_LIMIT_EXCEEDED',
      'USER_NOT_ASSIGNED',
      'ENVIRONMENT_MISMATCH',
      'ENVIRONMENT_SCOPE_REQUIRED',
      'USER_SCOPE_REQUIRED',
      'COMPONENTS_REQUIRED',
      'COMPONENTS_MISMATCH',
      'VERSION_NOT_ENTITLED',
      'DEVICE_ACTIVE_ELSEWHERE',
      'CODE_TAKEN',
    ],
    handle: ({ body: fields }, call) => {
      const operation = { operation: 'activateLicense', named: fields, input: fields, admit: usableLicense };
      return answerClient(needs, call, { ...operation, bucket: 'activate' }, async (request) =>
        activationReply(await activateDevice(needs, request, fields), needs.now()),
      );
    },
  });
