import { z } from 'zod';
import { knownLicense } from '../../../application/client-license.ts';
import { deactivateDevice } from '../../../application/devices/deactivate-device.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { refused } from '../../problems/problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import {
  deviceNaming,
  hasFingerprint,
  namesDevice,
  noDevice,
  noFingerprint,
  usageOf,
  usageShape,
} from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming } from '../find-client-license.ts';

const body = z
  .strictObject({ ...licenseNaming, ...deviceNaming })
  .refine(namesDevice, noDevice)
  .refine(hasFingerprint, noFingerprint)
  .meta({
    id: 'DeactivateLicense',
    example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9', fingerprint: '3f9c1a77d0e4' },
  });

/** POST /v1/licenses/deactivate: releases a device. */
export const deactivateLicense = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/deactivate',
    operationId: 'deactivateLicense',
    summary: 'Deactivate a license on a device',
    description:
      'Name the device by its fingerprint (with components, when the policy finds devices by them), its activationId or both. With a license key, a policy with deactivateByKey: OWN demands the fingerprint that the device was activated with. Deactivating the device again changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: {
        description: 'The device is no longer active.',
        body: z.strictObject({ licenseId: z.string(), changed: z.boolean(), limits: usageShape, revision: z.int() }),
      },
    },
    rejections: [
      'LICENSE_KEY_MALFORMED',
      'LICENSE_NOT_FOUND',
      'FORBIDDEN',
      'ACTIVATION_NOT_FOUND',
      'LICENSE_REVOKED',
      'DEACTIVATION_LIMIT',
      'COOLDOWN_ACTIVE',
    ],
    handle: ({ body: fields }, call) => {
      const operation = { operation: 'deactivateLicense', named: fields, input: fields, admit: knownLicense };
      return answerClient(needs, call, { ...operation, bucket: 'deactivate' }, async (request) => {
        const used = await deactivateDevice(needs, request, fields);
        if (isRefusal(used)) return refused(used);
        const { facts, changed, revision, position } = used;
        const body = {
          licenseId: facts.licenseId,
          changed,
          limits: usageOf(facts, needs.now()),
          revision: Number(revision),
        };
        return { status: 200, body, position };
      });
    },
  });
