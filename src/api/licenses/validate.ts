import { z } from 'zod';
import { grantedAt } from '../../domain/license/features.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { type Validation, validate, validationCodes } from '../../domain/license/validate.ts';
import { beginsTerm, checksIn } from '../../domain/license/validation-effects.ts';
import type { ValidationScope } from '../../domain/license/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Reply, type Route } from '../route.ts';
import { idOf, instantOut, productCode, statuses, text, tiers } from '../schemas.ts';
import { checkIn } from './check-in.ts';
import { type ClientNeeds, findClientLicense, licenseNaming } from './client-license.ts';
import {
  components,
  environment,
  fingerprint,
  leaseHolder,
  usageOf,
  usageShape,
  user,
  version,
} from './client-schemas.ts';
import { beginTerm } from './first-validation.ts';
import { entitlementCode, meterName } from './grant-schemas.ts';
import { licenseShape } from './license-shape.ts';
import type { CommandNeeds } from './send-command.ts';
import { judgeableOf } from './validation-request.ts';

type Needs = ClientNeeds & CommandNeeds;

const body = z
  .strictObject({
    ...licenseNaming,
    product: productCode.optional(),
    fingerprint: fingerprint.optional(),
    components: components.optional(),
    activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q').optional(),
    leaseHolder: leaseHolder.optional(),
    user: user.optional(),
    environment: environment.optional(),
    version: version.optional(),
    entitlements: z.array(entitlementCode).max(100).optional(),
    meters: z.array(meterName).max(50).optional(),
    nonce: text(256).optional(),
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
    valid: z.boolean(),
    code: z.enum(validationCodes),
    reasons: z.array(z.enum(validationCodes)),
    status: z.enum(statuses).nullable(),
    effectiveStatus: z.enum([...statuses, 'IN_GRACE', 'NOT_YET_VALID']).nullable(),
    license: z.strictObject({ id: z.string(), tier: z.enum(tiers), products: z.array(z.string()) }).nullable(),
    entitlements: licenseShape.shape.entitlements,
    limits: usageShape.nullable(),
    expiresAt: instantOut.nullable(),
    graceUntil: instantOut.nullable(),
    ttlSeconds: z.int(),
    offlineGraceUntil: instantOut.nullable(),
    asOf: instantOut,
    revision: z.int().nullable(),
    nonce: z.string().nullable(),
    missingEntitlements: z.array(z.string()),
    exceededMeters: z.array(z.string()),
  })
  .meta({ id: 'Validation' });

/**
 * POST /v1/licenses/validate: whether a license is good, here and now, for what the request names. Changes nothing, but that
 * the first one begins a term that waits for it.
 */
export const validateLicense = (needs: Needs): Route =>
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
    handle: async ({ body: asked }, call) => {
      const client = await findClientLicense(needs, call, asked, 'validate');
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const readAt = needs.now();
      if (found === null || actor === null) {
        // The same work as for a license that exists.
        if (asked.fingerprint !== undefined) fingerprintHashes(needs.secrets, '', asked.fingerprint);
        return answered(validate(null, nothingNamed, readAt), null, asked.nonce, readAt);
      }
      const { view, scope } = await judgeableOf(needs, found, asked);
      const judged = validate(view, scope, readAt);
      if (checksIn(view.facts, judged)) await checkIn(needs.pool, view.facts, view.lastCheckInAt, readAt);
      const begun = beginsTerm(view.facts, judged)
        ? await beginTerm(needs.executor, call, view.facts, actor, readAt)
        : null;
      if (begun === null) return answered(judged, found, asked.nonce, readAt);

      // Another server that was faster may have a clock that is ahead.
      const startsAt = begun.facts.term.startsAt ?? readAt;
      const asOf = startsAt > readAt ? startsAt : readAt;
      const judgedAgain = validate({ ...view, facts: begun.facts }, scope, asOf);
      return { ...answered(judgedAgain, begun, asked.nonce, asOf), position: begun.position };
    },
  });

const nothingNamed: ValidationScope = { product: null, fingerprint: null };

type Judged = { readonly facts: LicenseFacts; readonly revision: bigint };

const answered = (judged: Validation, license: Judged | null, nonce: string | undefined, asOf: Instant): Reply => {
  const facts = license?.facts ?? null;
  // Written out field by field: spreading costs more here than everything else in this function.
  const answer: z.output<typeof answerShape> = {
    valid: judged.valid,
    code: judged.code,
    reasons: [...judged.reasons],
    status: judged.status,
    effectiveStatus: judged.effectiveStatus,
    license: facts === null ? null : { id: facts.licenseId, tier: facts.policy.tier, products: [...facts.products] },
    entitlements: facts === null ? [] : [...grantedAt(facts, asOf)],
    limits: facts === null ? null : usageOf(facts),
    expiresAt: judged.expiresAt,
    graceUntil: judged.graceUntil,
    ttlSeconds: judged.ttlSeconds,
    offlineGraceUntil: judged.offlineGraceUntil,
    asOf,
    revision: license === null ? null : Number(license.revision),
    nonce: nonce ?? null,
    missingEntitlements: [...judged.missingEntitlements],
    exceededMeters: [...judged.exceededMeters],
  };
  return { status: 200, body: answer };
};
