import { z } from 'zod';
import type { CommandNeeds } from '../../../application/licenses/send-license-command.ts';
import type { ObservingNeeds } from '../../../application/observing/note-validation.ts';
import { type Validated, validateLicense } from '../../../application/validation/validate-license.ts';
import { effectiveEntitlements } from '../../../domain/license/grants/effective-entitlements.ts';
import { tiers } from '../../../domain/license/policy.ts';
import { effectiveStatuses, statuses } from '../../../domain/license/status.ts';
import { validationCodes } from '../../../domain/license/validation/validation-codes.ts';
import { placeOf } from '../../http/client-ip.ts';
import { isProblem } from '../../problems/problems.ts';
import { clientRoute, none, type Reply, type Route } from '../../route.ts';
import { instantOut, text } from '../../schemas.ts';
import { hasFingerprint, noFingerprint, usageOf, usageShape } from '../client-schemas.ts';
import { findClientLicense, licenseNaming, type NamingNeeds } from '../find-client-license.ts';
import { effectiveBody, effectiveOut } from '../grant-schemas.ts';
import { validationFields } from './validation-fields.ts';

type Needs = NamingNeeds & CommandNeeds & ObservingNeeds;

const body = z
  .strictObject({
    ...licenseNaming,
    ...validationFields,
    nonce: text(256)
      .optional()
      .meta({ description: 'The answer returns this text, which tells the answer to this request from an older one.' }),
  })
  .refine(hasFingerprint, noFingerprint)
  .meta({
    id: 'ValidateLicense',
    example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9', product: 'local_cli', nonce: '8f14e45f' },
  });

const newestRelease = z
  .strictObject({
    version: z.string().meta({ description: 'The version with three numbers, without the build.' }),
    releasedAt: instantOut.meta({ description: 'When the version was released.' }),
    channel: z.string().meta({ description: 'The channel of the release.' }),
  })
  .nullable()
  .meta({
    description:
      'After VERSION_NOT_ENTITLED: the greatest version that the license covers, by the releases of the catalog in the channel stable and in that of the named version. Otherwise null.',
  });

const answerShape = z
  .strictObject({
    valid: z.boolean().meta({ description: 'Whether the application may run.' }),
    code: z.enum(validationCodes).meta({ description: 'The most important result code.' }),
    reasons: z.array(z.enum(validationCodes)).meta({
      description: 'All reasons why the license is not valid. Empty when it is valid. KEY_ROTATED is always alone.',
    }),
    status: z
      .enum(statuses)
      .nullable()
      .meta({ description: 'The status of the license. Null when there is no such license, or the key was rotated.' }),
    effectiveStatus: z.enum(effectiveStatuses).nullable().meta({
      description:
        'The status including grace and a start in the future. Null when there is no such license, or the key was rotated.',
    }),
    license: z
      .strictObject({ id: z.string(), tier: z.enum(tiers), products: z.array(z.string()) })
      .nullable()
      .meta({
        description: 'The license and what it covers. Null when there is no such license, or the key was rotated.',
      }),
    entitlements: z
      .array(effectiveOut)
      .meta({ description: 'The entitlements that the license grants at this moment, one for each code.' }),
    limits: usageShape
      .nullable()
      .meta({ description: 'The usage and the limits. Null when there is no such license, or the key was rotated.' }),
    expiresAt: instantOut
      .nullable()
      .meta({ description: 'The end of the term. Null when the license is perpetual or its term has not started.' }),
    graceUntil: instantOut
      .nullable()
      .meta({ description: 'The end of the grace period. Null when there is no grace period or no end of the term.' }),
    ttlSeconds: z.int().meta({
      description:
        'How long the application may cache this answer. It never exceeds the instant at which the answer changes by time.',
    }),
    offlineGraceUntil: instantOut.nullable().meta({
      description: 'Until when the application may run without contact to the server. Null means not at all.',
    }),
    asOf: instantOut.meta({ description: 'When the license was validated, by the clock of the server.' }),
    revision: z.int().nullable().meta({
      description: 'The revision of the validated license. Null when there is no such license, or the key was rotated.',
    }),
    nonce: z.string().nullable().meta({ description: 'The nonce of the request. Null when the request had none.' }),
    missingEntitlements: z
      .array(z.string())
      .meta({ description: 'The requested entitlements that the license does not grant.' }),
    exceededMeters: z.array(z.string()).meta({ description: 'The requested meters that have no quota left.' }),
    newestEntitledRelease: newestRelease,
  })
  .meta({ id: 'Validation' });

/**
 * POST /v1/licenses/validate: says whether a license is valid for what the request names. Only the first validation
 * changes something: it starts a term that waits for it.
 */
export const validateLicenseRoute = (needs: Needs): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/validate',
    operationId: 'validateLicense',
    summary: 'Validate a license',
    description:
      'Answers 200 with a verdict, also for an unknown key (NOT_FOUND). A key that no longer works gets KEY_ROTATED, and nothing about the license. The verdict checks only what the request names, and what the policy requires.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'read',
    request: z.object({ params: none, query: none, body }),
    replies: { 200: { description: 'The verdict.', body: answerShape } },
    rejections: ['LICENSE_KEY_MALFORMED'],
    handle: async ({ body: fields }, call) => {
      const { licenseKey, licenseId } = fields;
      const client = await findClientLicense(needs, call, { licenseKey, licenseId, bucket: 'validate' });
      if (isProblem(client)) return client;
      const { license, acting } = client;
      return answered(
        await validateLicense(needs, { call, license, acting, clientNetwork: () => placeOf(call.clientIp()) }, fields),
        fields.nonce,
      );
    },
  });

const answered = (
  { verdict, license, asOf, position, newestEntitled = null }: Validated,
  nonce: string | undefined,
): Reply => {
  const facts = license?.facts ?? null;
  // The fields are listed one by one, because a spread costs more than the rest of this function.
  const answer: z.output<typeof answerShape> = {
    valid: verdict.valid,
    code: verdict.code,
    reasons: [...verdict.reasons],
    status: verdict.status,
    effectiveStatus: verdict.effectiveStatus,
    license: facts === null ? null : { id: facts.licenseId, tier: facts.policy.tier, products: [...facts.products] },
    entitlements: facts === null ? [] : effectiveEntitlements(facts, asOf).map(effectiveBody),
    limits: facts === null ? null : usageOf(facts, asOf),
    expiresAt: verdict.expiresAt,
    graceUntil: verdict.graceUntil,
    ttlSeconds: verdict.ttlSeconds,
    offlineGraceUntil: verdict.offlineGraceUntil,
    asOf,
    revision: license === null ? null : Number(license.revision),
    nonce: nonce ?? null,
    missingEntitlements: [...verdict.missingEntitlements],
    exceededMeters: [...verdict.exceededMeters],
    newestEntitledRelease: newestEntitled,
  };
  return position === undefined ? { status: 200, body: answer } : { status: 200, body: answer, position };
};
