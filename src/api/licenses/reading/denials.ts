import { z } from 'zod';
import { type Denial, type DenialPlace, readDenials } from '../../../application/reading/read-denials.ts';
import { page } from '../../paging.ts';
import { type Route, route } from '../../route.ts';
import { instantOut } from '../../schemas.ts';
import { listOfLicense } from './list-of-license.ts';
import type { ReadNeeds } from './read-licenses.ts';

const denialShape = z
  .strictObject({
    deniedAt: instantOut.meta({ description: 'When the request was denied.' }),
    code: z.string().meta({
      description: 'The code of the validation, or of the refused activation or seat.',
      example: 'NOT_ACTIVATED',
    }),
    product: z.string().nullable().meta({ description: 'The product that the client named. Null when it named none.' }),
    version: z.string().nullable().meta({ description: 'The version that the client named. Null when it named none.' }),
    device: z.string().nullable().meta({
      description:
        'Tells the devices of the license apart: 8 hex digits of a keyed hash of the fingerprint. Null when no device was named.',
      example: '9c1f03ab',
    }),
    addressPrefix: z.string().nullable().meta({
      description: 'The network of the client. Null unless the policy says keepAddressPrefix.',
      example: '192.0.2.0/24',
    }),
  })
  .meta({ id: 'Denial' });

/** GET /v1/licenses/{licenseId}/denials: lists the last denials of a license, newest first. */
export const listDenials = (needs: ReadNeeds): Route =>
  route({
    ...listOfLicense('denials', denialShape),
    operationId: 'listDenials',
    summary: 'List the last denials of a license',
    description:
      'Validations that were not valid, and refused activations and seats, newest first. The last 100 are kept, and one per code, device and minute. They are a few seconds old. Requests with unknown keys are not among them. The holder sees the denials since it holds the license.',
    handle: ({ params: { licenseId }, query }, { caller: { organizationId } }) =>
      page<Denial>(needs.secrets, query, {
        name: `denials\0${organizationId}\0${licenseId}`,
        url: `/v1/licenses/${licenseId}/denials?`,
        placeOf: ({ deniedAt, code, device }) => `${deniedAt} ${code} ${device ?? ''}`,
        read: (after, limit) => readDenials(needs, organizationId, licenseId, { limit, after: placeIn(after) }),
        bodyOf: (denial) => ({ ...denial }),
      }),
  });

const placeIn = (cursor: string | null): DenialPlace | null => {
  if (cursor === null) return null;
  const [deniedAt = '', code = '', device = ''] = cursor.split(' ');
  return { deniedAt, code, device: device === '' ? null : device };
};
