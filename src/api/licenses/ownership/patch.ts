import { z } from 'zod';
import { changeMetadata, type Notes } from '../../../application/licenses/change-metadata.ts';
import { changeReference } from '../../../application/licenses/change-reference.ts';
import { none, type OrganizationCall, type Route, route } from '../../route.ts';
import { licensePath, text } from '../../schemas.ts';
import { answerChange, commandAnswer, type LicenseCommandNeeds } from '../change-answer.ts';
import { metadataIn } from '../issue/issue-body.ts';
import { licenseTag } from '../license-shape.ts';

const patchBody = z
  .strictObject({ metadata: metadataIn.optional(), externalRef: text(200).nullable().optional() })
  .refine(({ metadata, externalRef }) => metadata !== undefined || externalRef !== undefined, {
    message: 'give metadata, externalRef or both',
  })
  .meta({ id: 'ChangeLicense', example: { metadata: { team: 'blue' }, externalRef: 'sub_456' } });

/** PATCH /v1/licenses/{licenseId}: changes the external reference and the metadata. */
export const patchLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    method: 'patch',
    path: '/v1/licenses/{licenseId}',
    operationId: 'changeLicense',
    summary: 'Change the external reference and the metadata of a license',
    ...commandAnswer({}),
    description:
      'metadata replaces all earlier metadata, also of a revoked license, and appends no event. A change of the external reference appends an event. With metadata, If-Match compares the whole ETag.',
    permission: 'changeLicenses',
    request: z.object({ params: licensePath, query: none, body: patchBody }),
    rejections: ['LICENSE_NOT_FOUND', 'LICENSE_REVOKED'],
    handle: ({ params: { licenseId }, body }, call) => {
      const { metadata, externalRef } = body;
      const operation = 'changeLicense';
      if (metadata === undefined) {
        const input = { licenseId, body: {}, externalRef: externalRef ?? null };
        return answerChange(needs, call, { operation, input }, (request) =>
          changeReference(needs, request, externalRef ?? null),
        );
      }
      return answerChange(needs, call, { operation, input: { licenseId, body } }, (request) =>
        changeMetadata(needs, request, { metadata, externalRef, isSeen: isSeenBy(call) }),
      );
    },
  });

// Metadata has no revision. Only the digest in the ETag says which metadata the client has seen.
const isSeenBy =
  ({ expectedRevision: revision, headers }: OrganizationCall): Notes['isSeen'] =>
  ({ facts, ...state }) =>
    revision === null || headers['if-match'] === licenseTag(facts, { revision, ...state });
