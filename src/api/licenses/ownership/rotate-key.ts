import { z } from 'zod';
import { endKeyOverlap, type KeyNeeds, type RotatedKey, rotateKey } from '../../../application/licenses/rotate-key.ts';
import { rotationCauses } from '../../../domain/license/keys/key-events.ts';
import { generateLicenseKeyBody } from '../../../identity/license-key.ts';
import { none, type Route, route } from '../../route.ts';
import { licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { count } from '../grant-schemas.ts';

const body = z
  .strictObject({
    overlapSeconds: count.default(0),
    cause: z.enum(rotationCauses).default('ADMIN'),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'RotateLicenseKey', example: { overlapSeconds: 86_400, cause: 'ROUTINE' } });

/**
 * POST /v1/licenses/{licenseId}/rotate-key: gives a license a new key. The previous key works until the overlap ends.
 */
export const rotateLicenseKey = (needs: KeyNeeds): Route =>
  route({
    ...described({
      verb: 'rotate-key',
      operationId: 'rotateLicenseKey',
      summary: 'Rotate the key of a license',
      permission: 'manageUse',
      rejections: ['LICENSE_REVOKED', 'LIMIT_INVALID'],
    }),
    ...commandAnswer({ licenseKey: z.string() }),
    description:
      'Only this answer contains the new key. The previous key works for another overlapSeconds. Without overlapSeconds it stops working immediately. With the cause LEAKED or LOST every earlier key stops working immediately, whatever overlapSeconds says. The issuer and the holder may rotate the key.',
    request: z.object({ params: licensePath, query: none, body }),
    handle: ({ params, body }, call) => {
      const changing = {
        operation: 'rotateLicenseKey',
        input: { ...params, body },
        createSecret: generateLicenseKeyBody,
        further: ({ licenseKey }: RotatedKey) => ({ licenseKey }),
      };
      return answerChange(needs, call, changing, (request) => rotateKey(needs, request, body));
    },
  });

const endBody = z
  .strictObject({
    keyVersion: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The earlier key, as in keyOverlaps. Without it all earlier keys stop.' }),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'EndKeyOverlap', example: { keyVersion: 1 } });

/** POST /v1/licenses/{licenseId}/end-key-overlap: stops earlier keys before their overlap ends. */
export const endKeyOverlapRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'end-key-overlap',
      operationId: 'endKeyOverlap',
      summary: 'Stop earlier keys of a license',
      permission: 'manageUse',
      rejections: ['LICENSE_REVOKED'],
    }),
    description:
      'Earlier keys that still work stop immediately, and validate as KEY_ROTATED. Stopping them again answers with changed: false. The issuer and the holder may stop them.',
    request: z.object({ params: licensePath, query: none, body: endBody }),
    handle: ({ params, body: fields }, call) => {
      const input = { ...params, body: fields };
      return answerChange(needs, call, { operation: 'endKeyOverlap', input }, (request) =>
        endKeyOverlap(needs, request, fields.keyVersion),
      );
    },
  });
