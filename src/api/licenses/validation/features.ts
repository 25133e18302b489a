import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { isRejection } from '../../../domain/decider.ts';
import { featuresOf } from '../../../domain/license/grants/granted-entitlements.ts';
import { tiers } from '../../../domain/license/policy.ts';
import type { Instant } from '../../../domain/time.ts';
import { isProblem, refused } from '../../problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { instantOut, productCode } from '../../schemas.ts';
import { findClientLicense, licenseNaming, type NamingNeeds } from '../client-license.ts';
import { licenseShape } from '../license-shape.ts';

type Needs = NamingNeeds & { readonly now: () => Instant };

const answer = z
  .strictObject({ tier: z.enum(tiers), features: licenseShape.shape.entitlements, asOf: instantOut })
  .meta({ id: 'Features' });

/**
 * GET /v1/licenses/features: what the license grants now. The key comes in the Authorization header, never in the URL.
 */
export const licenseFeatures = (needs: Needs): Route =>
  clientRoute({
    method: 'get',
    path: '/v1/licenses/features',
    operationId: 'licenseFeatures',
    summary: 'List the features a license grants',
    description:
      'With Authorization: License <key>, or licenseId and an organization’s credential. A feature that is granted by the tier, by a product and by a grant is listed once for each. Refused where the license may not be used.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ licenseId: licenseNaming.licenseId, product: productCode.optional() }),
    }),
    replies: { 200: { description: 'What is granted at asOf.', body: answer } },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ query: { licenseId, product } }, call) => {
      const client = await findClientLicense(needs, call, { licenseId });
      if (isProblem(client)) return client;
      const asOf = needs.now();
      const license = usableLicense(client.license, asOf);
      if (isRefusal(license)) return refused(license);
      const { facts } = license;
      const features = featuresOf(facts, product ?? null, asOf);
      if (isRejection(features)) return refused(features);
      const body: z.output<typeof answer> = {
        tier: facts.policy.tier,
        features: features.map((each) => ({ ...each })),
        asOf,
      };
      return { status: 200, body };
    },
  });
