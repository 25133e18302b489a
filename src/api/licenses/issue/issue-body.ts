import { z } from 'zod';
import { durationBases } from '../../../domain/license/issue/issue-events.ts';
import { duration, idOf, instantIn, jsonValue, reasonCode, reasonOf, text } from '../../schemas.ts';
import { grantsIn } from '../grant-schemas.ts';
import { namesOnePolicy, offerIn, versionIsOfPolicy } from './offer-schemas.ts';

/** Returns the schema of metadata of at most `kilobytes` kB in a request. */
export const metadataUpTo = (kilobytes: number) =>
  z
    .record(text(100), jsonValue)
    .refine((metadata) => Object.keys(metadata).length <= 50, 'must have at most 50 names')
    .refine(
      (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= kilobytes * 1024,
      `must have at most ${kilobytes} kB`,
    );

/** The metadata of a license in a request. */
export const metadataIn = metadataUpTo(16);

const term = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    perpetual: z.literal(true).optional(),
    startsAt: instantIn.optional(),
    basis: z.enum(durationBases).optional(),
  })
  .refine(
    ({ duration: length, expiresAt, perpetual }) =>
      [length, expiresAt, perpetual].filter((value) => value !== undefined).length === 1,
    'must have exactly one of duration, expiresAt and perpetual',
  )
  .refine(
    ({ basis = 'ISSUE', duration: length, startsAt }) =>
      basis === 'ISSUE' || (length !== undefined && startsAt === undefined),
    { path: ['basis'], message: 'a term that starts with the first use needs a duration and no startsAt' },
  );

const origin = {
  ...offerIn,
  holderOrganizationId: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').nullable().optional(),
  term: term.optional(),
  entitlements: grantsIn.optional(),
  maintenanceUntil: instantIn.optional(),
  externalRef: text(200).nullable().optional(),
  metadata: metadataIn.optional(),
  reason: reasonOf(reasonCode).optional(),
};

/** The body of a request to issue a license. */
export const issueLicenseBody = z
  .strictObject({
    ...origin,
    replaces: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').optional(),
    trialAddress: z
      .email('must be an e-mail address')
      .max(254)
      .meta({
        description:
          'For a trial: the e-mail address of the person who tries. Each person gets one trial of a product. The policy says which variations are one person. The address is not stored.',
        example: 'ann@customer.example',
      })
      .optional(),
  })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
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

/** The body of a request to import a license. */
export const importLicenseBody = z
  .strictObject({
    ...origin,
    source: z
      .string()
      .regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, _ . -, beginning with a letter')
      .meta({ example: 'old_shop' }),
    sourceRef: text(200).meta({ example: 'A-1001' }),
    historyFrom: instantIn,
  })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
  .meta({
    id: 'ImportLicense',
    example: {
      source: 'old_shop',
      sourceRef: 'A-1001',
      historyFrom: '2024-03-01T00:00:00.000Z',
      tier: 'PRO',
      products: ['local_cli'],
      term: { startsAt: '2024-03-01T00:00:00.000Z', expiresAt: '2099-03-01T00:00:00.000Z' },
      reason: { code: 'MIGRATION' },
    },
  });

/** The validated body of a request that creates a license. */
export type OriginBody = Omit<z.output<typeof issueLicenseBody>, 'replaces' | 'trialAddress'>;
