import { z } from 'zod';
import type { ChangedLicense } from '../../../application/licenses/change-license.ts';
import { changeLimits } from '../../../application/licenses/change-limits.ts';
import { changeProducts } from '../../../application/licenses/change-products.ts';
import { grantEntitlement } from '../../../application/licenses/grant-entitlement.ts';
import { revokeEntitlement } from '../../../application/licenses/revoke-entitlement.ts';
import { effectiveEntitlement } from '../../../domain/license/grants/effective-entitlements.ts';
import { limitStrategies } from '../../../domain/license/policy.ts';
import { none, type Route, route } from '../../route.ts';
import { licensePath, productCode, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { effectiveBody, effectiveOut, entitlementCode, grantIn, limitChangesIn } from '../grant-schemas.ts';
import { previewQuery, previewShape } from '../preview-shape.ts';

const limitsBody = z
  .strictObject({
    limits: limitChangesIn.refine((limits) => Object.keys(limits).length > 0, 'must have at least one limit'),
    strategy: z.enum(limitStrategies).optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({
    id: 'ChangeLicenseLimits',
    example: { limits: { activations: 3 }, strategy: 'EVICT_OLDEST', reason: { code: 'DOWNGRADE' } },
  });

const products = z.array(productCode).max(100);
const productsBody = z
  .strictObject({ add: products.default([]), remove: products.default([]), reason: reasonOf(reasonCode).optional() })
  .refine(({ add, remove }) => add.length + remove.length > 0, 'must name products to add or to remove')
  .refine(({ add, remove }) => !add.some((code) => remove.includes(code)), {
    path: ['remove'],
    message: 'must not name a product that `add` names',
  })
  .meta({
    id: 'ChangeLicenseProducts',
    example: { add: ['workflow_app'], remove: ['cloud_ide'], reason: { code: 'CUSTOMER_REQUEST' } },
  });

const entitlementsBody = z
  .strictObject({
    grant: grantIn.optional(),
    revoke: entitlementCode.optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ grant, revoke }) => (grant === undefined) !== (revoke === undefined), {
    path: ['grant'],
    message: 'give either grant or revoke',
  })
  .meta({ id: 'ChangeLicenseEntitlements', example: { grant: { code: 'export', limit: 100 } } });

/** POST /v1/licenses/{licenseId}/limits: changes the named limits. Concurrent changes of other limits stay. */
export const changeLicenseLimits = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'limits',
      operationId: 'changeLicenseLimits',
      summary: 'Change the limits of a license',
      permission: 'sellLicenses',
      rejections: [
        'LICENSE_REVOKED',
        'LIMIT_INVALID',
        'ACTIVATION_LIMIT_EXCEEDED',
        'SEAT_LIMIT_EXCEEDED',
        'USER_LIMIT_EXCEEDED',
        'QUOTA_EXCEEDED',
      ],
    }),
    ...commandAnswer(previewShape),
    description: 'The named limits become overrides of the license, which a change of its policy keeps.',
    request: z.object({ params: licensePath, query: previewQuery, body: limitsBody }),
    handle: ({ params, query, body }, call) => {
      const changing = { operation: 'changeLicenseLimits', input: { ...params, body }, isPreview: query.preview };
      return answerChange(needs, call, changing, (request) => changeLimits(needs, request, body));
    },
  });

/** POST /v1/licenses/{licenseId}/products: adds and removes all named products, or none. */
export const changeLicenseProducts = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'products',
      operationId: 'changeLicenseProducts',
      summary: 'Add and remove products of a license',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'ARCHIVED'],
    }),
    ...commandAnswer(previewShape),
    description:
      'Adds and removes all named products, or none. A change of the policy keeps the products that were added, and does not bring back those that were removed.',
    request: z.object({ params: licensePath, query: previewQuery, body: productsBody }),
    handle: ({ params, query, body }, call) => {
      const changing = { operation: 'changeLicenseProducts', input: { ...params, body }, isPreview: query.preview };
      return answerChange(needs, call, changing, (request) => changeProducts(needs, request, body));
    },
  });

const grantedShape = {
  entitlement: effectiveOut.nullable().meta({
    description:
      'The entitlement that the license grants for the code after the command, from any source. Null when it grants none.',
  }),
};

/** Returns the member `entitlement` of an answer. */
const grantedIn =
  (code: string) =>
  ({ facts, at }: ChangedLicense): z.output<z.ZodObject<typeof grantedShape>> => {
    const effective = effectiveEntitlement(facts, code, at);
    return { entitlement: effective === null ? null : effectiveBody(effective) };
  };

/** POST /v1/licenses/{licenseId}/entitlements: grants or withholds an entitlement, or revokes what was granted. */
export const changeLicenseEntitlements = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'entitlements',
      operationId: 'changeLicenseEntitlements',
      summary: 'Grant, withhold or revoke an entitlement',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'TERM_INVALID', 'LIMIT_INVALID', 'QUOTA_EXCEEDED', 'ENTITLEMENT_FROM_POLICY'],
    }),
    ...commandAnswer(grantedShape),
    description:
      'A grant decides before what the policy grants of the code, and with withheld it hides that. Revoking takes back the grant, or the withholding, and nothing of the policy: ENTITLEMENT_FROM_POLICY when the policy alone grants the code. A command that changes nothing answers with changed: false.',
    request: z.object({ params: licensePath, query: none, body: entitlementsBody }),
    handle: ({ params, body }, call) => {
      const { grant, revoke = '' } = body;
      const further = grantedIn(grant?.code ?? revoke);
      const changing = { operation: 'changeLicenseEntitlements', input: { ...params, body }, further };
      return answerChange(needs, call, changing, (request) =>
        grant === undefined ? revokeEntitlement(needs, request, revoke) : grantEntitlement(needs, request, grant),
      );
    },
  });
