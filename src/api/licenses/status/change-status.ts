import { z } from 'zod';
import { reinstateLicense } from '../../../application/licenses/reinstate-license.ts';
import { revokeLicense } from '../../../application/licenses/revoke-license.ts';
import { suspendLicense } from '../../../application/licenses/suspend-license.ts';
import { refuseSuspending } from '../../../domain/license/license-authority.ts';
import { suspensionReasons } from '../../../domain/license/suspension/suspension-events.ts';
import { refused } from '../../problems/problems.ts';
import { none, type Route, route } from '../../route.ts';
import { instantIn, instantOrNull, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';

const suspendBody = z
  .strictObject({
    reason: reasonOf(z.enum(suspensionReasons)),
    until: instantOrNull.optional(),
    effectiveAt: instantIn.optional(),
  })
  .meta({ id: 'SuspendLicense', example: { reason: { code: 'PAYMENT' } } });

const reinstateBody = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReinstateLicense', example: { reason: { code: 'PAYMENT' } } });

const revokeBody = z
  .strictObject({ reason: reasonOf(reasonCode) })
  .meta({ id: 'RevokeLicense', example: { reason: { code: 'CHARGEBACK' } } });

/** POST /v1/licenses/{licenseId}/suspend: suspends now, or at a later instant, such as when a payment is due. */
export const suspendLicenseRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'suspend',
      operationId: 'suspendLicense',
      summary: 'Suspend a license',
      permission: 'suspendLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID'],
    }),
    request: z.object({ params: licensePath, query: none, body: suspendBody }),
    handle: async ({ params, body }, call) => {
      const { until = null, effectiveAt } = body;
      const { code } = body.reason;
      // A refusal here does not use the Idempotency-Key.
      const refusal = refuseSuspending(call.caller, code);
      if (refusal !== null) return refused(refusal);
      return answerChange(needs, call, { operation: 'suspendLicense', input: { ...params, body } }, (request) =>
        suspendLicense(needs, request, { reasonCode: code, until, effectiveAt }),
      );
    },
  });

/** POST /v1/licenses/{licenseId}/reinstate */
export const reinstateLicenseRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'reinstate',
      operationId: 'reinstateLicense',
      summary: 'End the suspension of a license',
      permission: 'suspendLicenses',
      rejections: ['LICENSE_REVOKED'],
    }),
    request: z.object({ params: licensePath, query: none, body: reinstateBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'reinstateLicense', input: { ...params, body } }, (request) =>
        reinstateLicense(needs, request),
      ),
  });

/** POST /v1/licenses/{licenseId}/revoke */
export const revokeLicenseRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'revoke',
      operationId: 'revokeLicense',
      summary: 'Revoke a license',
      permission: 'endLicenses',
    }),
    request: z.object({ params: licensePath, query: none, body: revokeBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'revokeLicense', input: { ...params, body } }, (request) =>
        revokeLicense(needs, request, body.reason.code),
      ),
  });
