import { z } from 'zod';
import { transferLicense } from '../../../application/licenses/transfer-license.ts';
import { transferredActivations, transferredExpiries } from '../../../domain/license/transfer/transfer-events.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';

const body = z
  .strictObject({
    toHolderOrganizationId: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').nullable(),
    // KEEP continues the term. RESET starts a term of the duration that the license was issued for.
    expiry: z.enum(transferredExpiries).default('KEEP'),
    activations: z.enum(transferredActivations).default('KEEP'),
    accepted: z.boolean().default(false),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({
    id: 'TransferLicense',
    example: {
      toHolderOrganizationId: 'org_01h455vb4pex5vsknk084sn02q',
      expiry: 'KEEP',
      activations: 'RELEASE',
      accepted: true,
      reason: { code: 'SOLD' },
    },
  });

/** POST /v1/licenses/{licenseId}/transfer: transfers a license to another holder, or to no holder. */
export const transferLicenseRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'transfer',
      operationId: 'transferLicense',
      summary: 'Transfer a license to another holder',
      permission: 'endLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID', 'HOLDER_CONSENT_REQUIRED', 'OFFER_LIMIT_EXCEEDED'],
    }),
    description:
      'An organization that trusts you receives the license immediately, and any other organization gets an offer: until it accepts, pendingHolder names it and the license stays with its holder. With accepted: true the transfer is refused instead of offered. A transfer to the present holder, or to null without a holder, withdraws the offer. activations: RELEASE ends the devices, seats and users of the previous holder. A command that changes nothing answers with changed: false.',
    request: z.object({ params: licensePath, query: none, body }),
    handle: ({ params, body }, call) => {
      const { toHolderOrganizationId: toHolderOrgId, accepted, expiry, activations } = body;
      return answerChange(needs, call, { operation: 'transferLicense', input: { ...params, body } }, (request) =>
        transferLicense(needs, request, { toHolderOrgId, accepted, expiry, activations }),
      );
    },
  });
