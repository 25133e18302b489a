import { z } from 'zod';
import { renewalBases, suspensionReasons } from '../../domain/license/events.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import type { Problem } from '../problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { duration, instantIn, licensePath, reasonCode, reasonOf } from '../schemas.ts';
import { isBilling, paymentOnly, refuseOtherThanPayment } from './billing.ts';
import { answerCommand, described, type LicenseCommandNeeds, scheduledFor } from './command.ts';

const suspendBody = z
  .strictObject({
    reason: reasonOf(z.enum(suspensionReasons)),
    until: instantIn.nullable().optional(),
    effectiveAt: instantIn.optional(),
  })
  .meta({ id: 'SuspendLicense', example: { reason: { code: 'PAYMENT' } } });

const reinstateBody = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReinstateLicense', example: { reason: { code: 'PAYMENT' } } });

const renewBody = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    basis: z.enum(renewalBases).optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ duration: length, expiresAt }) => (length === undefined) !== (expiresAt === undefined), {
    path: ['duration'],
    message: 'give either duration or expiresAt',
  })
  .refine(({ expiresAt, basis }) => expiresAt === undefined || basis === undefined, {
    path: ['basis'],
    message: 'goes with duration only',
  })
  .meta({ id: 'RenewLicense', example: { duration: 'P1Y', basis: 'FROM_EXPIRY', reason: { code: 'PAYMENT' } } });

const revokeBody = z
  .strictObject({ reason: reasonOf(reasonCode) })
  .meta({ id: 'RevokeLicense', example: { reason: { code: 'CHARGEBACK' } } });

/** POST /v1/licenses/{licenseId}/suspend: at once, or announced for later, as while a payment may still come. */
export const suspendLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('suspend', 'suspendLicense', 'Suspend a license', 'suspendLicenses', [
      'LICENSE_REVOKED',
      'TERM_INVALID',
    ]),
    request: z.object({ params: licensePath, query: none, body: suspendBody }),
    handle: async ({ params, body }, call) =>
      refuseOtherThanPayment(call, body.reason.code) ??
      answerCommand(
        needs,
        call,
        'suspendLicense',
        { ...params, body },
        {
          command: (at) => ({
            type: 'Suspend',
            at,
            data: {
              reasonCode: body.reason.code,
              until: body.until ?? null,
              ...scheduledFor(body.effectiveAt),
            },
          }),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/reinstate */
export const reinstateLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('reinstate', 'reinstateLicense', 'End the suspension of a license', 'suspendLicenses', [
      'LICENSE_REVOKED',
    ]),
    request: z.object({ params: licensePath, query: none, body: reinstateBody }),
    handle: async ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'reinstateLicense',
        { ...params, body },
        {
          command: (at) => ({ type: 'Reinstate', at, data: {} }),
          guard: (license) => refuseOtherSuspension(call, license),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/renew */
export const renewLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('renew', 'renewLicense', 'Start the next term of a license', 'renewLicenses', [
      'LICENSE_REVOKED',
      'TERM_INVALID',
    ]),
    request: z.object({ params: licensePath, query: none, body: renewBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'renewLicense',
        { ...params, body },
        {
          command: (at) => ({ type: 'Renew', at, data: renewal(body) }),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/revoke */
export const revokeLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('revoke', 'revokeLicense', 'Revoke a license for ever', 'endLicenses', []),
    request: z.object({ params: licensePath, query: none, body: revokeBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'revokeLicense',
        { ...params, body },
        {
          command: (at) => ({ type: 'Revoke', at, data: { reasonCode: body.reason.code } }),
        },
      ),
  });

const renewal = ({ duration: length, expiresAt, basis, reason }: z.output<typeof renewBody>) => {
  const reasonCode = reason?.code ?? null;
  return expiresAt === undefined
    ? { duration: length ?? '', basis: basis ?? ('FROM_EXPIRY' as const), reasonCode }
    : { expiresAt, reasonCode };
};

// What others have suspended it for is not theirs to lift, whatever reason they give.
const refuseOtherSuspension = (call: OrganizationCall, { suspendedFor, facts }: IssuedLicense): Problem | null => {
  if (!isBilling(call)) return null;
  const announced = facts.scheduled.flatMap(({ change }) => (change.kind === 'SUSPENSION' ? [change.reasonCode] : []));
  const grounds = [...(facts.suspension === null ? [] : suspendedFor.keys()), ...announced];
  return grounds.every((reasonCode) => reasonCode === 'PAYMENT') ? null : paymentOnly;
};
