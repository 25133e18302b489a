import { z } from 'zod';
import { issueLicense } from '../../../application/licenses/issue/issue-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { none, type Route, route } from '../../route.ts';
import { answerCreation, creationReplies, newLicenseOf } from './create-answer.ts';
import { issueLicenseBody } from './issue-body.ts';

/** POST /v1/licenses: issues a license. Only this answer contains its key. */
export const issueLicenseRoute = (needs: KeyNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses',
    operationId: 'issueLicense',
    summary: 'Issue a license',
    description:
      'Name a tier or a policy. A tier stands for its oldest policy that is not archived. Other fields override the policy. An organization that trusts you holds the license immediately, and any other organization gets an offer: pendingHolder names it until it accepts. A holder can have one trial of a product, and so can the owner of trialAddress. replaces names a revoked license that this license replaces. Only this answer contains the license key.',
    tag: 'Licenses',
    permission: 'sellLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: issueLicenseBody }),
    replies: creationReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN', 'OFFER_LIMIT_EXCEEDED'],
    handle: ({ body }, call) =>
      answerCreation(needs, call, { operation: 'issueLicense', input: body }, (request) =>
        issueLicense(needs, request, newLicenseOf(body)),
      ),
  });
