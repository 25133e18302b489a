import { z } from 'zod';
import { smallerPages } from '../../paging.ts';
import { cursor, licensePath, pageLimit, pageOf } from '../../schemas.ts';

/** Returns the common part of the routes of the lists of one license. `list` is the end of their path. */
export const listOfLicense = <Entry extends z.ZodType>(
  list: 'activations' | 'denials' | 'leases' | 'usage' | 'users',
  entry: Entry,
) =>
  ({
    method: 'get',
    path: `/v1/licenses/{licenseId}/${list}`,
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({
      params: licensePath,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(entry) } },
    rejections: ['LICENSE_NOT_FOUND'],
  }) as const;
