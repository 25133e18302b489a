import { z } from 'zod';
import { type SearchHit, searchLicenses } from '../../../application/reading/search-licenses.ts';
import type { Instant } from '../../../domain/time.ts';
import { isBlank } from '../../../identity/spellings.ts';
import { searchKinds } from '../../../projections/queries/search-rows.ts';
import { none, type Route, route } from '../../route.ts';
import { text } from '../../schemas.ts';
import { licenseBody, licenseShape } from '../license-shape.ts';
import type { ReadNeeds } from './read-licenses.ts';

const kind = z.enum(searchKinds);

const body = z
  .strictObject({
    text: text(256)
      .refine((value) => !isBlank(value), 'must have a character other than white space and control characters')
      .meta({
        description:
          'A text that the customer has. It is a license key, the last group of a key, or the id or external reference of a license. Or it is the beginning of the name of a holder (3 characters or more), the fingerprint or name of a device, or a user.',
      }),
    by: z
      .array(kind)
      .min(1)
      .max(searchKinds.length)
      .refine((kinds) => new Set(kinds).size === kinds.length, 'must not name a kind twice')
      .optional()
      .meta({ description: 'The kinds of text to search for. Absent: all kinds.' }),
    limit: z.int().min(1).max(100).default(20),
  })
  .meta({ id: 'LicenseSearch', example: { text: 'SYQV9' } });

const hitShape = z
  .strictObject({
    license: licenseShape,
    matchedBy: z.array(kind).meta({ description: 'The kinds of text that found the license.' }),
  })
  .meta({ id: 'LicenseHit' });

/**
 * POST /v1/licenses/search: finds licenses by what a customer has. The text is in the body, because it may be a key.
 */
export const searchLicensesRoute = (needs: ReadNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses/search',
    operationId: 'searchLicenses',
    summary: 'Search licenses',
    description:
      'Finds licenses that your organization issues or holds, the newest first. The text is compared with active devices and assigned users, exactly as the application named them; external references ignore case. Users are found by the organization that may assign them. With hasMore there are further hits: name the kinds in by, or use more of the text.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: {
        description: 'The licenses.',
        body: z.strictObject({ data: z.array(hitShape), hasMore: z.boolean() }),
      },
    },
    isHeavy: true,
    bounded: { narrow: 'Name in by what the text is, or use more of the text.' },
    rejections: [],
    handle: async ({ body: { limit, ...search } }, { caller: { organizationId } }) => {
      const at = needs.now();
      const hits = await searchLicenses(needs, organizationId, { ...search, limit: limit + 1 });
      return {
        status: 200,
        body: { data: hits.slice(0, limit).map((hit) => hitBody(hit, at)), hasMore: hits.length > limit },
      };
    },
  });

const hitBody = (
  { license: { facts, revision, metadata }, matchedBy }: SearchHit,
  at: Instant,
): z.output<typeof hitShape> => ({
  license: licenseBody(facts, { revision, metadata: metadata ?? {}, at }),
  matchedBy: [...matchedBy],
});
