import { z } from 'zod';
import { importLicense } from '../../../application/licenses/import-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { none, type Route, route } from '../../route.ts';
import { answerBegun, beginningOf, originReplies } from './create-answer.ts';
import { importLicenseBody } from './issue-body.ts';

/** POST /v1/licenses/import: takes over a license from elsewhere, once per source and its reference there. */
export const importLicenseRoute = (needs: KeyNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses/import',
    operationId: 'importLicense',
    summary: 'Import a license',
    description:
      'A license as it is elsewhere, whose term may be over. Its history since historyFrom is asserted, not recorded. It gets a key of ours, in this answer only. source and sourceRef together are imported once; CODE_TAKEN names the license that was, as licenseId.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: importLicenseBody }),
    replies: originReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN'],
    handle: ({ body }, call) =>
      answerBegun(needs, call, { operation: 'importLicense', input: body }, (request) =>
        importLicense(needs, request, beginningOf(body)),
      ),
  });
