import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { swapDevice } from '../../../application/devices/swap-device.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { deviceFields, deviceNaming, hasFingerprint, namesDevice, noDevice, noFingerprint } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming, useRejections } from '../find-client-license.ts';
import { activationAnswer, activationReply } from './device-answer.ts';

const release = z.strictObject(deviceNaming).refine(namesDevice, noDevice).refine(hasFingerprint, noFingerprint);

const body = z.strictObject({ ...licenseNaming, release, ...deviceFields }).meta({
  id: 'SwapActivation',
  example: {
    licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
    release: { activationId: 'act_01h455vb4pex5vsknk084sn02q' },
    fingerprint: '3f9c1a77d0e4',
    name: 'build-8',
  },
});

/** POST /v1/licenses/swap: replaces a device by another one, under the rules of both commands, in one step. */
export const swapActivation = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/swap',
    operationId: 'swapActivation',
    summary: 'Replace a device by another one',
    description:
      'Releases one device and activates another one in one step, or does neither. With a license key, a policy with deactivateByKey: OWN demands the fingerprint that the device to release was activated with. Swapping again changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The devices were already swapped.', body: activationAnswer },
      201: { description: 'The devices were swapped.', body: activationAnswer },
    },
    rejections: [
      ...useRejections,
      'FORBIDDEN',
      'PRODUCT_NOT_LICENSED',
      'ACTIVATION_LIMIT_EXCEEDED',
      'ACTIVATION_NOT_FOUND',
      'DEACTIVATION_LIMIT',
      'COOLDOWN_ACTIVE',
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
      const operation = { operation: 'swapActivation', named: fields, input: fields, admit: usableLicense };
      return answerClient(needs, call, { ...operation, bucket: 'activate' }, async (request) =>
        activationReply(await swapDevice(needs, request, { release: fields.release, activate: fields }), needs.now()),
      );
    },
  });
