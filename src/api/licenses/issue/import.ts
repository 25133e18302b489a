import { z } from 'zod';
import { importLicense } from '../../../application/licenses/issue/import-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { none, type Route, route } from '../../route.ts';
import { answerCreation, creationReplies, newLicenseOf } from './create-answer.ts';
import { importLicenseBody } from './issue-body.ts';

/** POST /v1/licenses/import: imports a license from another system, once per source and its reference there. */
export const importLicenseRoute = (needs: KeyNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses/import',
    operationId: 'importLicense',
    summary: 'Import a license',
    description:
      'Imports a license from another system. Its term may have ended. The history since historyFrom is a statement of the issuer, without events. The license gets a new key, which only this answer contains. A pair of source and sourceRef is imported once: CODE_TAKEN returns the existing license as licenseId.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: importLicenseBody }),
    isHeavy: true,
    bounded: {
      narrow:
        'It may still be carried out. Repeat it with the same Idempotency-Key, and import fewer licenses at once.',
    },
    replies: creationReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN', 'OFFER_LIMIT_EXCEEDED'],
    handle: ({ body }, call) =>
      answerCreation(needs, call, { operation: 'importLicense', input: body }, (request) =>
        importLicense(needs, request, newLicenseOf(body)),
      ),
  });
