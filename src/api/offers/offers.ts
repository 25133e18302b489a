import { z } from 'zod';
import { principalOf } from '../../application/caller.ts';
import type { KeyNeeds } from '../../application/licenses/rotate-key.ts';
import { acceptOffer } from '../../application/offers/accept-offer.ts';
import { declineOffer } from '../../application/offers/decline-offer.ts';
import { isRefusal } from '../../application/refusal.ts';
import { generateLicenseKeyBody } from '../../identity/license-key.ts';
import { listOffers } from '../../projections/tables/license-offers.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { licenseBody, licenseShape, licenseTag } from '../licenses/license-shape.ts';
import { oldKeyWorks, oldKeyWorksAfter } from '../licenses/ownership/transfer.ts';
import type { OrganizationNeeds } from '../organizations/organization-needs.ts';
import { organizationPage, smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, licensePath, pageLimit, pageOf } from '../schemas.ts';
import { issuerId, offerBody, offerShape } from './offer-shapes.ts';

const tag = 'Offers';
const path = '/v1/license-offers/{licenseId}';

/** GET /v1/license-offers: lists the open offers to the organization, newest first. */
export const listLicenseOffers = (needs: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/license-offers',
    operationId: 'listLicenseOffers',
    summary: 'List license offers',
    description:
      'The licenses that issuers offer to your organization, newest first. Until you accept one, your organization does ' +
      'not hold it and sees nothing else of it. Offers of blocked or closed issuers and expired offers are left out.',
    tag,
    permission: 'readOffers',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({
        limit: pageLimit.optional(),
        cursor: cursor.optional(),
        issuer: issuerId.optional().meta({ description: 'Only offers of this issuer.' }),
      }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(offerShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) => {
      const now = needs.now();
      return organizationPage(needs, query, {
        list: 'license-offers',
        organizationId,
        placeOf: ({ offeredAt, licenseId }) => `${offeredAt} ${licenseId}`,
        read: (db, { after, limit }) =>
          listOffers(db, { orgId: organizationId, limit, after: placeIn(after), issuer: query.issuer, now }),
        bodyOf: offerBody,
      });
    },
  });

const placeIn = (cursor: string | null) => {
  if (cursor === null) return null;
  const [offeredAt = '', licenseId = ''] = cursor.split(' ');
  return { offeredAt, licenseId };
};

/** POST /v1/license-offers/{licenseId}/accept */
export const acceptLicenseOffer = (needs: KeyNeeds): Route =>
  route({
    method: 'post',
    path: `${path}/accept`,
    operationId: 'acceptLicenseOffer',
    summary: 'Accept a license offer',
    description:
      'Your organization then holds the license and trusts its issuer: later licenses of the issuer need no offer. ' +
      'Accepting a license that your organization holds changes nothing.',
    tag,
    permission: 'answerOffers',
    effect: 'append',
    request: z.object({ params: licensePath, query: none }),
    replies: {
      200: {
        description: 'The license that your organization holds.',
        headers: ['ETag'],
        body: z
          .strictObject({
            license: licenseShape,
            changed: z.boolean(),
            licenseKey: z
              .string()
              .nullable()
              .meta({
                description:
                  'The new key of a license that was transferred with RELEASE. Only this answer contains it. Null when the ' +
                  'keys stayed: then ask the issuer for the key, or rotate it.',
              }),
            oldKeyWorks,
          })
          .meta({ id: 'LicenseOfferAccepted' }),
      },
    },
    rejections: ['NOT_FOUND', 'LICENSE_REVOKED', 'TERM_INVALID', 'QUOTA_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ params }, call) => {
      const { caller } = call;
      const { organizationId } = caller;
      const operation = 'acceptLicenseOffer';
      const createSecret = generateLicenseKeyBody;
      const request = { organizationId, principal: principalOf(caller), operation, input: params, createSecret };
      return idempotently(needs, call, request, async (attempt) => {
        const accepted = await acceptOffer(needs, { call, attempt, caller }, params.licenseId);
        if (isRefusal(accepted)) return refused(accepted);
        const { facts, changed, licenseKey, position } = accepted;
        return {
          status: 200,
          body: { license: licenseBody(facts, accepted), changed, licenseKey, oldKeyWorks: oldKeyWorksAfter(accepted) },
          headers: { ETag: licenseTag(facts, accepted) },
          position,
        };
      });
    },
  });

/** POST /v1/license-offers/{licenseId}/decline */
export const declineLicenseOffer = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: `${path}/decline`,
    operationId: 'declineLicenseOffer',
    summary: 'Decline a license offer',
    description:
      'The issuer sees that the offer was declined, and may offer the license again. Block the issuer to see no further ' +
      'offers. Declining again changes nothing.',
    tag,
    permission: 'answerOffers',
    effect: 'append',
    request: z.object({ params: licensePath, query: none }),
    replies: {
      200: {
        description: 'The offer has ended.',
        body: z.strictObject({ licenseId: z.string(), changed: z.boolean() }).meta({ id: 'LicenseOfferDeclined' }),
      },
    },
    rejections: ['NOT_FOUND', 'LICENSE_REVOKED', 'ORGANIZATION_CLOSED'],
    handle: ({ params }, call) => {
      const { caller } = call;
      const { organizationId } = caller;
      const operation = 'declineLicenseOffer';
      const request = { organizationId, principal: principalOf(caller), operation, input: params };
      return idempotently(needs, call, request, async (attempt) => {
        const declined = await declineOffer(needs, { call, attempt, caller }, params.licenseId);
        if (isRefusal(declined)) return refused(declined);
        const { changed, position } = declined;
        return { status: 200, body: { licenseId: params.licenseId, changed }, position };
      });
    },
  });
