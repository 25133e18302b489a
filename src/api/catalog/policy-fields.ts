import { z } from 'zod';
import { durationBases } from '../../domain/license/issue/issue-events.ts';
import { tiers } from '../../domain/license/policy.ts';
import { entitlementsIn, limitsIn } from '../licenses/grant-schemas.ts';
import { duration, idOf, instantIn, productCode } from '../schemas.ts';
import { nameIn } from './catalog-fields.ts';
import { rulesIn } from './policy-rules.ts';

/** The defaults of a license, in a request. */
const defaultsIn = {
  term: z
    .discriminatedUnion('basis', [
      z.strictObject({ basis: z.literal('PERPETUAL') }),
      z.strictObject({ basis: z.literal('FIXED'), expiresAt: instantIn }),
      z.strictObject({ basis: z.enum(durationBases), duration }),
    ])
    .exactOptional()
    .meta({ description: 'The term of its licenses, and when it starts.' }),
  limits: limitsIn.exactOptional().meta({ description: 'The usage limits of its licenses.' }),
  entitlements: entitlementsIn.exactOptional().meta({ description: 'The entitlements of its licenses.' }),
};

const products = z
  .array(productCode)
  .max(100)
  .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice');

/** A new policy. Absent members are those of the built-in policy of its tier. */
export const newPolicy = z
  .strictObject({ name: nameIn, tier: z.enum(tiers), products, ...rulesIn, ...defaultsIn })
  .meta({
    id: 'NewPolicy',
    example: {
      name: 'Team',
      tier: 'PRO',
      products: ['local_cli'],
      limits: { activations: 20 },
      expiryGraceSeconds: 604_800,
      entitlements: [{ code: 'export', limit: 100 }],
    },
  });

/** A change for the next version of a policy. */
export const policyChange = z
  .strictObject({
    name: nameIn.exactOptional(),
    tier: z.enum(tiers).exactOptional(),
    products: products.exactOptional(),
    ...rulesIn,
    ...defaultsIn,
  })
  .meta({ id: 'PolicyChange', example: { limits: { activations: 25 } } });

/** The path of an operation on one policy. */
export const policyPath = z.strictObject({ policyId: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q') });
