import { z } from 'zod';
import { idempotently } from '../idempotency.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import type { ClientCommandNeeds } from './activate.ts';
import { findDevice, findUsableLicense, licenseNaming } from './client-license.ts';
import { deviceFields, deviceNaming, namesOneDevice, oneDevice } from './client-schemas.ts';
import {
  activatedView,
  activationAnswer,
  activationReply,
  prepareDevice,
  reservationsOf,
  withActivations,
} from './device-request.ts';
import { sendLicenseCommand } from './send-command.ts';
import { withReserved } from './trial.ts';

const release = z.strictObject(deviceNaming).refine(namesOneDevice, oneDevice);

const body = z.strictObject({ ...licenseNaming, release, ...deviceFields }).meta({
  id: 'SwapActivation',
  example: {
    licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
    release: { activationId: 'act_01h455vb4pex5vsknk084sn02q' },
    fingerprint: '3f9c1a77d0e4',
    name: 'build-8',
  },
});

/** POST /v1/licenses/swap: puts a device in the place of another one, under the rules of both, at once. */
export const swapActivation = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/swap',
    operationId: 'swapActivation',
    summary: 'Put a device in the place of another one',
    description:
      'Releases one device and activates another in one step: neither happens without the other. Asked again it changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The devices were swapped before.', body: activationAnswer },
      201: { description: 'Swapped.', body: activationAnswer },
    },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'FORBIDDEN', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'ACTIVATION_LIMIT_EXCEEDED'] as const),
      ...(['ACTIVATION_NOT_FOUND', 'DEACTIVATION_LIMIT', 'COOLDOWN_ACTIVE', 'USER_NOT_ASSIGNED'] as const),
      ...(['CODE_TAKEN', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { issuerOrgId, licenseId } = found.facts;
      const refusal = await call.limits.take('activate', licenseId);
      if (refusal !== null) return refusal;
      const request = { organizationId: issuerOrgId, principal: actor.id, operation: 'swapActivation', input: asked };
      return idempotently(needs, call, request, async (attempt) => {
        const at = needs.now();
        const prepared = await prepareDevice(needs, found, attempt, asked);
        const { device, values } = prepared;
        const released =
          asked.release.fingerprint === undefined
            ? { activationId: asked.release.activationId ?? '' }
            : { fingerprintHash: (await findDevice(needs, found, asked.release.fingerprint)).hash };
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
                command: { type: 'SwapActivation', at, data: { release: released, activate: device } },
              },
              activatedView(device),
            ),
        );
        return isProblem(sent) ? withActivations(needs.pool, found, sent) : activationReply(needs.pool, prepared, sent);
      });
    },
  });
