import { z } from 'zod';
import type { CommandNeeds } from '../../../application/licenses/send-license-command.ts';
import { type Validated, validateLicense } from '../../../application/validation/validate-license.ts';
import { grantedAt } from '../../../domain/license/grants/granted-entitlements.ts';
import { tiers } from '../../../domain/license/policy.ts';
import { effectiveStatuses, statuses } from '../../../domain/license/status.ts';
import { validationCodes } from '../../../domain/license/validation/validity.ts';
import { isProblem } from '../../problems.ts';
import { clientRoute, none, type Reply, type Route } from '../../route.ts';
import { idOf, instantOut, productCode, text } from '../../schemas.ts';
import { findClientLicense, licenseNaming, type NamingNeeds } from '../client-license.ts';
import {
  components,
  environment,
  fingerprint,
  leaseHolder,
  usageOf,
  usageShape,
  user,
  version,
} from '../client-schemas.ts';
import { entitlementCode, meterName } from '../grant-schemas.ts';
import { licenseShape } from '../license-shape.ts';

type Needs = NamingNeeds & CommandNeeds;

const body = z
  .strictObject({
    ...licenseNaming,
    product: productCode.optional().meta({ description: 'The product that is to run: covered by the license?' }),
    fingerprint: fingerprint.optional().meta({ description: 'The device: activated?' }),
    components: components
      .optional()
      .meta({ description: 'Parts of the device, which the policy may know it by as well.' }),
    activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q')
      .optional()
      .meta({ description: 'The activation, in place of its fingerprint.' }),
    leaseHolder: leaseHolder.optional().meta({ description: 'Who holds a floating seat: still?' }),
    user: user.optional().meta({ description: 'Who uses it: assigned?' }),
    environment: environment.optional().meta({ description: 'Where it runs: the one that the policy names?' }),
    version: version.optional().meta({ description: 'Which version runs: covered by policy and maintenance?' }),
    entitlements: z.array(entitlementCode).max(100).optional().meta({ description: 'Codes that are needed.' }),
    meters: z.array(meterName).max(50).optional().meta({ description: 'Meters that must have room.' }),
    nonce: text(256)
      .optional()
      .meta({ description: 'Comes back as it is, so that an old answer is known from one to this request.' }),
  })
  .refine(({ components: parts, fingerprint: device }) => parts === undefined || device !== undefined, {
    path: ['components'],
    message: 'go with a fingerprint',
  })
  .meta({
    id: 'ValidateLicense',
    example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9', product: 'local_cli', nonce: '8f14e45f' },
  });

const answerShape = z
  .strictObject({
    valid: z.boolean().meta({ description: 'Whether it may run.' }),
    code: z.enum(validationCodes).meta({ description: 'The most important reason.' }),
    reasons: z.array(z.enum(validationCodes)).meta({ description: 'All reasons why not; empty when valid.' }),
    status: z.enum(statuses).nullable().meta({ description: 'What the license is, in short; null: there is none.' }),
    effectiveStatus: z
      .enum(effectiveStatuses)
      .nullable()
      .meta({ description: 'The same, with what the clock makes of it; null: there is none.' }),
    license: z
      .strictObject({ id: z.string(), tier: z.enum(tiers), products: z.array(z.string()) })
      .nullable()
      .meta({ description: 'What it is and covers; null: there is none.' }),
    entitlements: licenseShape.shape.entitlements.meta({ description: 'What it permits at this moment.' }),
    limits: usageShape.nullable().meta({ description: 'What is in use, of how much; null: there is no license.' }),
    expiresAt: instantOut.nullable().meta({ description: 'Until when it is good; null: for ever, or not known yet.' }),
    graceUntil: instantOut
      .nullable()
      .meta({ description: 'Until when it goes on in grace; null: it gets none, or has no end.' }),
    ttlSeconds: z
      .int()
      .meta({ description: 'How long this answer may be kept; never past the instant at which the clock changes it.' }),
    offlineGraceUntil: instantOut
      .nullable()
      .meta({ description: 'Until when the application may run without reaching the server; null: not at all.' }),
    asOf: instantOut.meta({ description: 'When this was judged, by the clock of the server.' }),
    revision: z
      .int()
      .nullable()
      .meta({ description: 'The revision of the license that was judged; null: there is none.' }),
    nonce: z.string().nullable().meta({ description: 'What was sent; null: nothing.' }),
    missingEntitlements: z.array(z.string()).meta({ description: 'Codes that were asked for and are not permitted.' }),
    exceededMeters: z.array(z.string()).meta({ description: 'Meters that were asked for and have no room.' }),
  })
  .meta({ id: 'Validation' });

/**
 * POST /v1/licenses/validate: whether a license is good, here and now, for what the request names. Changes nothing, but
 * that the first one begins a term that waits for it.
 */
export const validateLicenseRoute = (needs: Needs): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/validate',
    operationId: 'validateLicense',
    summary: 'Validate a license',
    description:
      'Always 200 when it could be evaluated, for an unknown key too (NOT_FOUND). Only what is named is checked, unless the policy requires more.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'read',
    request: z.object({ params: none, query: none, body }),
    replies: { 200: { description: 'Evaluated.', body: answerShape } },
    rejections: ['LICENSE_KEY_MALFORMED'],
    handle: async ({ body: fields }, call) => {
      const client = await findClientLicense(needs, call, fields, 'validate');
      if (isProblem(client)) return client;
      const { license, acting } = client;
      const request = { call, license, actor: acting?.actor ?? null };
      return answered(await validateLicense(needs, request, fields), fields.nonce);
    },
  });

const answered = ({ verdict, license, asOf, position }: Validated, nonce: string | undefined): Reply => {
  const facts = license?.facts ?? null;
  // Written out field by field: spreading costs more here than everything else in this function.
  const answer: z.output<typeof answerShape> = {
    valid: verdict.valid,
    code: verdict.code,
    reasons: [...verdict.reasons],
    status: verdict.status,
    effectiveStatus: verdict.effectiveStatus,
    license: facts === null ? null : { id: facts.licenseId, tier: facts.policy.tier, products: [...facts.products] },
    entitlements: facts === null ? [] : [...grantedAt(facts, asOf)],
    limits: facts === null ? null : usageOf(facts),
    expiresAt: verdict.expiresAt,
    graceUntil: verdict.graceUntil,
    ttlSeconds: verdict.ttlSeconds,
    offlineGraceUntil: verdict.offlineGraceUntil,
    asOf,
    revision: license === null ? null : Number(license.revision),
    nonce: nonce ?? null,
    missingEntitlements: [...verdict.missingEntitlements],
    exceededMeters: [...verdict.exceededMeters],
  };
  return position === undefined ? { status: 200, body: answer } : { status: 200, body: answer, position };
};
