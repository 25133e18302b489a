import { z } from 'zod';
import { issueLicense } from '../../../application/licenses/issue/issue-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { none, type Route, route } from '../../route.ts';
import { answerBegun, beginningOf, originReplies } from './create-answer.ts';
import { issueLicenseBody } from './issue-body.ts';

/** POST /v1/licenses: issues a license and shows its key, this once. */
export const issueLicenseRoute = (needs: KeyNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses',
    operationId: 'issueLicense',
    summary: 'Issue a license',
    description:
      'A tier stands for its oldest policy that is not archived. What is given beside tier or policyId overrides the policy. A holder has one trial of a product. replaces: the revoked license in whose place this one is issued. The license key is in this answer only.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: issueLicenseBody }),
    replies: originReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN'],
    handle: ({ body }, call) =>
      answerBegun(needs, call, { operation: 'issueLicense', input: body }, (request) =>
        issueLicense(needs, request, beginningOf(body)),
      ),
  });
