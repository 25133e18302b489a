import { z } from 'zod';
import { rotationCauses } from '../../domain/license/events-key.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../identity/license-key.ts';
import { none, type Route, route } from '../route.ts';
import { licensePath, reasonCode, reasonOf } from '../schemas.ts';
import { answerCommand, commandAnswer, described, type LicenseCommandNeeds } from './command.ts';
import { count } from './grant-schemas.ts';
import { keyOf, refuseForgottenKey } from './own-key.ts';

export type RotateNeeds = LicenseCommandNeeds & { readonly licenseKeyPrefix: string };

const body = z
  .strictObject({
    overlapSeconds: count.default(0),
    cause: z.enum(rotationCauses).default('ADMIN'),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'RotateLicenseKey', example: { overlapSeconds: 86_400, cause: 'ROUTINE' } });

/** POST /v1/licenses/{licenseId}/rotate-key: another key, shown this once; the present one works until the overlap is over. */
export const rotateLicenseKey = (needs: RotateNeeds): Route =>
  route({
    ...described('rotate-key', 'rotateLicenseKey', 'Give a license another key', 'manageUse', [
      'LICENSE_REVOKED',
      'LIMIT_INVALID',
    ]),
    ...commandAnswer({ licenseKey: z.string() }),
    description:
      'The new key is in this answer only. The present one works for overlapSeconds more; without them, not at all. For the issuer and the holder.',
    request: z.object({ params: licensePath, query: none, body }),
    handle: ({ params, body: asked }, call) =>
      answerCommand(
        needs,
        call,
        'rotateLicenseKey',
        { ...params, body: asked },
        {
          createSecret: generateLicenseKeyBody,
          command: (at, attempt) => {
            const { overlapSeconds, cause } = asked;
            return { type: 'RotateKey', at, data: { ...keyOf(needs.secrets, attempt), overlapSeconds, cause } };
          },
          refuse: (events, attempt) => refuseForgottenKey(needs.secrets, attempt, params.licenseId, events),
          beside: (_, { secret }) => ({ licenseKey: formatLicenseKey(needs.licenseKeyPrefix, secret) }),
        },
      ),
  });
