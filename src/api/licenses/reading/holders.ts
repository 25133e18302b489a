import { z } from 'zod';
import { asTenant } from '../../../postgres/tenant.ts';
import { holderNames } from '../../../projections/queries/holder-names.ts';
import { none, type Route, route } from '../../route.ts';
import { idOf } from '../../schemas.ts';
import type { ReadNeeds } from './read-licenses.ts';

const idsMax = 100;
const example = 'org_01h455vb4pex5vsknk084sn02q';

const query = z.strictObject({
  ids: z
    .string()
    .regex(
      new RegExp(`^org_[0-9a-z]{26}(?:,org_[0-9a-z]{26}){0,${idsMax - 1}}$`),
      `must be 1 to ${idsMax} ids of organizations, separated by commas`,
    )
    .meta({ description: `The ids of 1 to ${idsMax} organizations, separated by commas.`, example }),
});

const holderShape = z.strictObject({
  organizationId: idOf('org', example),
  name: z.string().meta({ description: 'The name of the organization.', example: 'Example GmbH' }),
});

/** GET /v1/holders: returns the names of organizations that hold licenses of the caller's organization. */
export const listHolders = ({ pool }: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/holders',
    operationId: 'listHolders',
    summary: 'Read the names of holders',
    description:
      'The names of those of the organizations in ids that hold a license that your organization issues, in the order of their ids. Other organizations are left out, also those to which a license is only offered. An API key that is limited to products gets the holders of the licenses that it sees.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query }),
    isHeavy: true,
    bounded: { narrow: 'Name fewer ids.' },
    replies: { 200: { description: 'The names.', body: z.strictObject({ data: z.array(holderShape) }) } },
    rejections: [],
    handle: async ({ query: { ids } }, { caller: { organizationId } }) => {
      const holders = [...new Set(ids.split(','))];
      const data = await asTenant(pool, organizationId, (db) => holderNames(db, organizationId, holders));
      return { status: 200, body: { data: [...data] } };
    },
  });
