import { z } from 'zod';
import { cancelScheduledChange } from '../../../application/licenses/cancel-scheduled-change.ts';
import { changeExpiry } from '../../../application/licenses/change-expiry.ts';
import { renewLicense } from '../../../application/licenses/renew-license.ts';
import { setRenewal } from '../../../application/licenses/set-renewal.ts';
import { renewalBases, renewalModes } from '../../../domain/license/term/term-events.ts';
import { none, type Route, route } from '../../route.ts';
import { duration, idOf, instantIn, instantOrNull, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { previewQuery, previewShape } from '../preview-shape.ts';
import { billingRef, paidTermIn, paidTermShape } from './paid-term.ts';

const renewBody = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    basis: z.enum(renewalBases).optional(),
    billingRef,
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ duration: length, expiresAt }) => length === undefined || expiresAt === undefined, {
    path: ['duration'],
    message: 'give either duration or expiresAt, or neither to renew as the policy says',
  })
  .refine(({ expiresAt, basis }) => expiresAt === undefined || basis === undefined, {
    path: ['basis'],
    message: 'an end has no basis; leave out either expiresAt or basis',
  })
  .meta({
    id: 'RenewLicense',
    example: { duration: 'P1Y', basis: 'FROM_EXPIRY', billingRef: 'in_124', reason: { code: 'PAYMENT' } },
  });

const expiryBody = z
  .strictObject({
    to: instantOrNull.meta({ description: 'The new end. Null makes the license perpetual.' }),
    reason: reasonOf(reasonCode),
  })
  .meta({ id: 'ChangeLicenseExpiry', example: { to: '2099-12-31T00:00:00.000Z', reason: { code: 'GOODWILL' } } });

const renewalBody = z
  .strictObject({
    to: z.enum(renewalModes),
    effectiveAt: instantIn.optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({ id: 'SetLicenseRenewal', example: { to: 'cancelAtPeriodEnd', reason: { code: 'CUSTOMER_REQUEST' } } });

const cancelBody = z
  .strictObject({ eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'), reason: reasonOf(reasonCode).optional() })
  .meta({
    id: 'CancelScheduledChange',
    example: { eventId: 'evt_01h455vb4pex5vsknk084sn02q', reason: { code: 'PAYMENT' } },
  });

/** POST /v1/licenses/{licenseId}/renew */
export const renewLicenseRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'renew',
      operationId: 'renewLicense',
      summary: 'Renew a license',
      permission: 'renewLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID', 'TERM_NOT_LATER', 'BILLING_REF_REUSED'],
    }),
    ...commandAnswer({ ...paidTermShape, ...previewShape }),
    description:
      'Adds the next term. Without duration and expiresAt, the policy says for how long: its renewalDuration, else the duration of the last term under this policy, else the term of the policy. Without basis, the next term starts as renewalBasis of the policy says. Without that, it starts at the expiry, or now if the license has expired and the request names no duration. Send billingRef or an Idempotency-Key: each other repetition renews again. Renewing to the end that the license has already answers with changed: false, and to an earlier end gets 409 TERM_NOT_LATER.',
    request: z.object({ params: licensePath, query: previewQuery, body: renewBody }),
    handle: ({ params, query, body }, call) => {
      const changing = {
        operation: 'renewLicense',
        input: { ...params, body },
        isPreview: query.preview,
        further: paidTermIn(body.billingRef),
      };
      return answerChange(needs, call, changing, (request) => renewLicense(needs, request, body));
    },
  });

/** POST /v1/licenses/{licenseId}/expiry */
export const changeLicenseExpiry = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'expiry',
      operationId: 'changeLicenseExpiry',
      summary: 'Change the end of the current term',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID'],
    }),
    description:
      'Moves the end of the current term to a later or earlier instant, but not to the past. Null makes the license perpetual, sets the renewal to manual and withdraws scheduled renewal modes; a trial must have an end. A maintenance that ends with the term under TERM moves with it, and null makes it endless. The end that the license has already changes nothing (changed: false).',
    request: z.object({ params: licensePath, query: none, body: expiryBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'changeLicenseExpiry', input: { ...params, body } }, (request) =>
        changeExpiry(needs, request, { to: body.to, reasonCode: body.reason.code }),
      ),
  });

/** POST /v1/licenses/{licenseId}/renewal */
export const setLicenseRenewal = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'renewal',
      operationId: 'setLicenseRenewal',
      summary: 'Set what happens at the end of the term',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID'],
    }),
    request: z.object({ params: licensePath, query: none, body: renewalBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'setLicenseRenewal', input: { ...params, body } }, (request) =>
        setRenewal(needs, request, body),
      ),
  });

/** POST /v1/licenses/{licenseId}/cancel-scheduled */
export const cancelScheduledChangeRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'cancel-scheduled',
      operationId: 'cancelScheduledChange',
      summary: 'Cancel a scheduled change',
      permission: 'withdrawChanges',
      rejections: ['LICENSE_REVOKED', 'NOT_FOUND'],
    }),
    request: z.object({ params: licensePath, query: none, body: cancelBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'cancelScheduledChange', input: { ...params, body } }, (request) =>
        cancelScheduledChange(needs, request, body.eventId),
      ),
  });
