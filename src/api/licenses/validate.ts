import { z } from 'zod';
import { tiers } from '../../domain/license/events.ts';
import { grantedAt } from '../../domain/license/features.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { effectiveStatuses, statuses } from '../../domain/license/status.ts';
import { type Validation, validate, validationCodes } from '../../domain/license/validate.ts';
import { beginsTerm, checksIn } from '../../domain/license/validation-effects.ts';
import type { ValidationScope } from '../../domain/license/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Reply, type Route } from '../route.ts';
import { idOf, instantOut, productCode, text } from '../schemas.ts';
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
