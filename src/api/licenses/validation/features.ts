import { z } from 'zod';
import { isRefusal } from '../../../application/refusal.ts';
import { listFeatures } from '../../../application/validation/list-features.ts';
import { tiers } from '../../../domain/license/policy.ts';
import { isProblem, refused } from '../../problems/problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { instantOut, productCode } from '../../schemas.ts';
import { findClientLicense, licenseNaming, type NamingNeeds, useRejections } from '../find-client-license.ts';
import { effectiveBody, effectiveOut } from '../grant-schemas.ts';

const answer = z
  .strictObject({ tier: z.enum(tiers), features: z.array(effectiveOut), asOf: instantOut })
  .meta({ id: 'Features' });

/** GET /v1/licenses/features: lists the current features. The key is in the Authorization header, not the URL. */
export const licenseFeatures = (needs: NamingNeeds): Route =>
  clientRoute({
    method: 'get',
    path: '/v1/licenses/features',
    operationId: 'licenseFeatures',
    summary: 'List the features of a license',
    description:
      'Name the license with Authorization: License <key>, or with licenseId and a credential of an organization. Each feature is listed once; a grant of the license decides before its policy. Refused when the license may not be used.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ licenseId: licenseNaming.licenseId, product: productCode.optional() }),
    }),
    replies: { 200: { description: 'The features that the license grants at asOf.', body: answer } },
    rejections: [...useRejections, 'PRODUCT_NOT_LICENSED'],
    handle: async ({ query: { licenseId, product } }, call) => {
      const client = await findClientLicense(needs, call, { licenseId, bucket: 'features' });
      if (isProblem(client)) return client;
      const listed = listFeatures(client.license, product ?? null, needs.now());
      if (isRefusal(listed)) return refused(listed);
      const body: z.output<typeof answer> = { ...listed, features: listed.features.map(effectiveBody) };
      return { status: 200, body };
    },
  });
