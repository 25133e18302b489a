import { z } from 'zod';
import { idempotently } from '../idempotency.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import { type ClientNeeds, findUsableLicense, licenseNaming } from './client-license.ts';
import { deviceFields } from './client-schemas.ts';
import {
  activatedView,
  activationAnswer,
  activationReply,
  prepareDevice,
  reservationsOf,
  withActivations,
} from './device-request.ts';
import { type CommandNeeds, sendLicenseCommand } from './send-command.ts';
import { type PastStore, withReserved } from './trial.ts';

export type ClientCommandNeeds = ClientNeeds & CommandNeeds & { readonly store: PastStore };

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

/** POST /v1/licenses/activate: binds a device to the license, once per device. */
export const activateLicense = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/activate',
    operationId: 'activateLicense',
    summary: 'Activate a license on a device',
    description:
      'A device that is activated already is answered with its activation, for whichever product it asks. A device has one trial of a product. When no activation is free, the problem lists those there are as activations; swap puts a device in the place of one.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The device was activated before.', body: activationAnswer },
      201: { description: 'Activated.', body: activationAnswer },
    },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'FORBIDDEN', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'ACTIVATION_LIMIT_EXCEEDED'] as const),
      ...(['USER_NOT_ASSIGNED', 'CODE_TAKEN', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { issuerOrgId, licenseId } = found.facts;
      const refusal = await call.limits.take('activate', licenseId);
      if (refusal !== null) return refusal;
      const request = {
        organizationId: issuerOrgId,
        principal: actor.id,
        operation: 'activateLicense',
        input: asked,
      };
      return idempotently(needs, call, request, async (attempt) => {
        const at = needs.now();
        const prepared = await prepareDevice(needs, found, attempt, asked);
        const { device, values } = prepared;
        const about = { call, attempt, actor, issuerOrgId, licenseId };
        const sent = await withReserved(
          { ...about, executor: needs.executor, store: needs.store, at },
          reservationsOf(needs.secrets, found.facts, asked.fingerprint),
          () =>
            sendLicenseCommand(
              needs,
              {
                ...about,
                ...{ sender: 'key holder', reason: null, values },
                command: { type: 'Activate', at, data: device },
              },
              activatedView(device),
            ),
        );
        return isProblem(sent) ? withActivations(needs.pool, found, sent) : activationReply(needs.pool, prepared, sent);
      });
    },
  });
