import { z } from 'zod';
import { duration, idOf, instantIn, productCode, reasonCode, reasonOf, text, tiers } from '../schemas.ts';

const metadataBytesMax = 16 * 1024;
// Counts that arithmetic may add to -0 must not be stored as one.
const count = z.int().overwrite((value) => value + 0);

const term = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    perpetual: z.literal(true).optional(),
    startsAt: instantIn.optional(),
    basis: z.literal('ISSUE').optional(),
  })
  .refine(
    ({ duration: length, expiresAt, perpetual }) =>
      [length, expiresAt, perpetual].filter((given) => given !== undefined).length === 1,
    'must have exactly one of duration, expiresAt and perpetual',
  );

const entitlement = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_.:-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, _ . : -, beginning with a letter'),
  value: text(256).nullable().default(null),
  limit: count.min(0).nullable().default(null),
  until: instantIn.nullable().default(null),
});

/** What is asked for when a license is issued. */
export const issueLicenseBody = z
  .strictObject({
    tier: z.enum(tiers).optional(),
    policyId: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q').optional(),
    products: z
      .array(productCode)
      .min(1)
      .max(100)
      .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice'),
    holderOrganizationId: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').nullable().optional(),
    term: term.optional(),
    limits: z
      .strictObject({ activations: count.optional(), seats: count.optional(), users: count.optional() })
      .optional(),
    entitlements: z
      .array(entitlement)
      .max(100)
      .refine((all) => new Set(all.map(({ code }) => code)).size === all.length, 'must not name a code twice')
      .optional(),
    externalRef: text(200).nullable().optional(),
    metadata: z
      .record(text(100), z.json())
      .refine((metadata) => Object.keys(metadata).length <= 50, 'must have at most 50 names')
      .refine((metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= metadataBytesMax, 'must have at most 16 kB')
      .optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ tier, policyId }) => (tier === undefined) !== (policyId === undefined), {
    path: ['tier'],
    message: 'give either tier or policyId',
  })
  .meta({
    id: 'IssueLicense',
    example: {
      tier: 'PRO',
      products: ['local_cli', 'cloud_ide'],
      term: { duration: 'P1Y' },
      limits: { activations: 5 },
      externalRef: 'sub_123',
      reason: { code: 'PURCHASE' },
    },
  });

/** The body of a request to issue a license, validated. */
export type IssueLicenseBody = z.output<typeof issueLicenseBody>;
