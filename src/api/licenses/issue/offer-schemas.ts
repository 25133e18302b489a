import { z } from 'zod';
import { tiers } from '../../../domain/license/policy.ts';
import { idOf, productCode } from '../../schemas.ts';
import { limitsIn } from '../grant-schemas.ts';

/** The members that name a policy and override its values. */
export const policyIn = {
  policyId: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q'),
  policyVersion: z.int().min(1).optional(),
  products: z
    .array(productCode)
    .min(1)
    .max(100)
    .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice')
    .optional(),
  limits: limitsIn.optional(),
};

/** The members that name a policy or its tier. Bodies with them need the two refinements below. */
export const offerIn = { tier: z.enum(tiers).optional(), ...policyIn, policyId: policyIn.policyId.optional() };

type Refinement = [
  holds: (named: {
    readonly tier?: string | undefined;
    readonly policyId?: string | undefined;
    readonly policyVersion?: number | undefined;
  }) => boolean,
  otherwise: { path: string[]; message: string },
];

/** Refines a body with `offerIn`. */
export const namesOnePolicy: Refinement = [
  ({ tier, policyId }) => (tier === undefined) !== (policyId === undefined),
  { path: ['tier'], message: 'give either tier or policyId' },
];

/** Refines a body with `offerIn`. */
export const versionIsOfPolicy: Refinement = [
  ({ policyId, policyVersion }) => policyVersion === undefined || policyId !== undefined,
  { path: ['policyVersion'], message: 'needs policyId' },
];
