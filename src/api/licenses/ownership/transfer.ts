import { z } from 'zod';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { type TransferredLicense, transferLicense } from '../../../application/licenses/transfer-license.ts';
import { transferredActivations, transferredExpiries } from '../../../domain/license/transfer/transfer-events.ts';
import { generateLicenseKeyBody } from '../../../identity/license-key.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described } from '../change-answer.ts';

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

/** What a transfer, or the acceptance of one, says about the earlier keys. */
export const oldKeyWorks = z.boolean().nullable().meta({
  description:
    'Whether the keys from before this request still work. Rotate the key to end them. Null when the request changed nothing.',
});

/** Returns whether the keys from before a transfer still work. Null: it changed nothing, so an earlier one decided that. */
export const oldKeyWorksAfter = ({ changed, licenseKey }: Pick<TransferredLicense, 'changed' | 'licenseKey'>) =>
  changed ? licenseKey === null : null;

/** POST /v1/licenses/{licenseId}/transfer: transfers a license to another holder, or to no holder. */
export const transferLicenseRoute = (needs: KeyNeeds): Route =>
  route({
    ...described({
      verb: 'transfer',
      operationId: 'transferLicense',
      summary: 'Transfer a license to another holder',
      permission: 'endLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID', 'HOLDER_CONSENT_REQUIRED', 'OFFER_LIMIT_EXCEEDED'],
    }),
    ...commandAnswer({
      licenseKey: z.string().nullable().meta({
        description:
          'The new key after a transfer with RELEASE. Only this answer contains it. Null when the keys stayed.',
      }),
      oldKeyWorks,
    }),
    description:
      'An organization that trusts you receives the license immediately, and any other organization gets an offer: until it accepts, pendingHolder names it and the license stays with its holder. With accepted: true the transfer is refused instead of offered. A transfer to the present holder, or to null without a holder, withdraws the offer. activations: RELEASE ends the devices, seats and users of the previous holder, and a new key replaces all keys of the license at once. When the license is offered, the organization gets that key as it accepts. With KEEP the keys stay, so everybody who knows one can still use the license. A command that changes nothing answers with changed: false.',
    request: z.object({ params: licensePath, query: none, body }),
    handle: ({ params, body }, call) => {
      const { toHolderOrganizationId: toHolderOrgId, accepted, expiry, activations } = body;
      const changing = {
        operation: 'transferLicense',
        input: { ...params, body },
        createSecret: generateLicenseKeyBody,
        further: (transferred: TransferredLicense) => ({
          licenseKey: transferred.licenseKey,
          oldKeyWorks: oldKeyWorksAfter(transferred),
        }),
      };
      return answerChange(needs, call, changing, (request) =>
        transferLicense(needs, request, { toHolderOrgId, accepted, expiry, activations }),
      );
    },
  });
