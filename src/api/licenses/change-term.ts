import { z } from 'zod';
import { renewalModes } from '../../domain/license/events.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import type { Problem } from '../problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { idOf, instantIn, licensePath, reasonCode, reasonOf } from '../schemas.ts';
import { isBilling, paymentOnly } from './billing.ts';
import { answerCommand, described, type LicenseCommandNeeds, scheduledFor } from './command.ts';

const expiryBody = z
  .strictObject({ to: instantIn, reason: reasonOf(reasonCode) })
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

/** POST /v1/licenses/{licenseId}/expiry */
export const changeLicenseExpiry = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('expiry', 'changeLicenseExpiry', 'Move the end of the running term', 'changeLicenses', [
      'LICENSE_REVOKED',
      'TERM_INVALID',
    ]),
    request: z.object({ params: licensePath, query: none, body: expiryBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'changeLicenseExpiry',
        { ...params, body },
        {
          command: (at) => ({ type: 'ChangeExpiry', at, data: { to: body.to, reasonCode: body.reason.code } }),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/renewal */
export const setLicenseRenewal = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('renewal', 'setLicenseRenewal', 'Say what is to happen at the end of the term', 'changeLicenses', [
      'LICENSE_REVOKED',
      'TERM_INVALID',
    ]),
    request: z.object({ params: licensePath, query: none, body: renewalBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'setLicenseRenewal',
        { ...params, body },
        {
          command: (at) => ({
            type: 'SetRenewal',
            at,
            data: { to: body.to, ...scheduledFor(body.effectiveAt) },
          }),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/cancel-scheduled */
export const cancelScheduledChange = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('cancel-scheduled', 'cancelScheduledChange', 'Withdraw an announced change', 'suspendLicenses', [
      'LICENSE_REVOKED',
      'NOT_FOUND',
    ]),
    request: z.object({ params: licensePath, query: none, body: cancelBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'cancelScheduledChange',
        { ...params, body },
        {
          command: (at) => ({ type: 'CancelScheduled', at, data: { eventId: body.eventId } }),
          guard: (license) => refuseOtherChange(call, body.eventId, license),
        },
      ),
  });

// The payment that was waited for has come: that is all that the role withdraws.
const refuseOtherChange = (
  call: OrganizationCall,
  eventId: string,
  { facts: { scheduled } }: IssuedLicense,
): Problem | null => {
  const change = scheduled.find((each) => each.eventId === eventId)?.change;
  if (change === undefined || !isBilling(call)) return null;
  return change.kind === 'SUSPENSION' && change.reasonCode === 'PAYMENT' ? null : paymentOnly;
};
