import { z } from 'zod';
import { idempotently } from '../idempotency.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import type { ClientCommandNeeds } from './activate.ts';
import { findDevice, findKnownLicense, licenseNaming } from './client-license.ts';
import { deviceNaming, namesOneDevice, oneDevice, usageOf, usageShape } from './client-schemas.ts';
import { issuedFacts, sendLicenseCommand } from './send-command.ts';

const body = z
  .strictObject({ ...licenseNaming, ...deviceNaming })
  .refine(namesOneDevice, oneDevice)
  .meta({
    id: 'DeactivateLicense',
    example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9', fingerprint: '3f9c1a77d0e4' },
  });

/** POST /v1/licenses/deactivate: releases a device. */
export const deactivateLicense = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/deactivate',
    operationId: 'deactivateLicense',
    summary: 'Deactivate a license on a device',
    description: 'A device that is released already changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: {
        description: 'The device is not activated any more.',
        body: z.strictObject({ licenseId: z.string(), changed: z.boolean(), limits: usageShape, revision: z.int() }),
      },
    },
    rejections: [
      ...([
        'LICENSE_KEY_MALFORMED',
        'LICENSE_NOT_FOUND',
        'FORBIDDEN',
        'ACTIVATION_NOT_FOUND',
        'LICENSE_REVOKED',
      ] as const),
      ...(['DEACTIVATION_LIMIT', 'COOLDOWN_ACTIVE'] as const),
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findKnownLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { licenseId, issuerOrgId } = found.facts;
      const device =
        asked.fingerprint === undefined
          ? { activationId: asked.activationId ?? '' }
          : { fingerprintHash: (await findDevice(needs, found, asked.fingerprint)).hash };
      const request = {
        organizationId: issuerOrgId,
        principal: actor.id,
        operation: 'deactivateLicense',
        input: asked,
      };
      return idempotently(needs, call, request, async (attempt) => {
        const sent = await sendLicenseCommand(
          needs,
          {
            call,
            attempt,
            actor,
            sender: 'key holder',
            issuerOrgId,
            licenseId,
            reason: null,
            values: [],
            command: { type: 'Deactivate', at: needs.now(), data: { device, by: 'USER' } },
          },
          issuedFacts,
        );
        if (isProblem(sent)) return sent;
        return {
          status: 200,
          body: {
            licenseId,
            changed: sent.outcome !== 'unchanged',
            limits: usageOf(sent.view),
            revision: Number(sent.revision),
          },
          position: sent.position.commit,
        };
      });
    },
  });
