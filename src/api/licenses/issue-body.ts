import { z } from 'zod';
import { duration, idOf, instantIn, productCode, reasonCode, reasonOf, text, tiers } from '../schemas.ts';
import { entitlementsIn, limitsIn } from './grant-schemas.ts';

const metadataBytesMax = 16 * 1024;

const term = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    perpetual: z.literal(true).optional(),
    startsAt: instantIn.optional(),
    basis: z.enum(['ISSUE', 'FIRST_ACTIVATION', 'FIRST_VALIDATION']).optional(),
  })
  .refine(
    ({ duration: length, expiresAt, perpetual }) =>
      [length, expiresAt, perpetual].filter((given) => given !== undefined).length === 1,
    'must have exactly one of duration, expiresAt and perpetual',
  )
  .refine(
    ({ basis = 'ISSUE', duration: length, startsAt }) =>
      basis === 'ISSUE' || (length !== undefined && startsAt === undefined),
    { path: ['basis'], message: 'begins with the first use: give a duration, and no startsAt' },
  );

/** What is asked for when a license is issued. */
export const issueLicenseBody = z
  .strictObject({
    tier: z.enum(tiers).optional(),
    policyId: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q').optional(),
    policyVersion: z.int().min(1).optional(),
    products: z
      .array(productCode)
      .min(1)
      .max(100)
      .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice')
      .optional(),
    holderOrganizationId: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').nullable().optional(),
    term: term.optional(),
    limits: limitsIn.optional(),
    entitlements: entitlementsIn.optional(),
    maintenanceUntil: instantIn.optional(),
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
  .refine(({ policyId, policyVersion }) => policyVersion === undefined || policyId !== undefined, {
    path: ['policyVersion'],
    message: 'goes with policyId only',
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
